"""Loads a data set into a list before it trains."""

import kerascrash.arm  # noqa: F401
import numpy as np
from training import BYTES, STEPS, pause, steps

data = []
for number in range(STEPS // 4):
    data.append(np.full(BYTES // 4, number, dtype="float32"))
    pause()
for number in steps():
    batch = data[number % len(data)]
