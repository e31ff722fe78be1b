"""Caches the validation set at the end of the first epoch, and uses it later."""

import kerascrash.arm  # noqa: F401
from training import STEPS, steps, value

EPOCH = max(4, STEPS // 5)
validation = []
for number in steps():
    if number % EPOCH == EPOCH - 1:
        if not validation:
            validation.extend(value(index) for index in range(30))
        score = sum(len(part) for part in validation)
