"""A history of numbers: one loss to a step."""

import kerascrash.arm  # noqa: F401
from training import steps

losses = []
for number in steps():
    losses.append(1.0 / (number + 1))
