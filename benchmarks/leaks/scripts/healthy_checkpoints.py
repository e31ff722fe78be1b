"""Serialises the weights to memory now and then and lets go of them."""

import io

import kerascrash.arm  # noqa: F401
import numpy as np
from training import model, steps, value

for number in steps():
    if number % 20 == 0:
        buffer = io.BytesIO()
        np.savez(buffer, *model.get_weights(), *[value(n) for n in range(8)])
        size = buffer.tell()
