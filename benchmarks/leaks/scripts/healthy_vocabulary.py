"""A vocabulary that knows all words after the first epoch."""

import kerascrash.arm  # noqa: F401
from training import STEPS, steps

PER_STEP, EPOCH = 2000, max(1, STEPS // 4)
index = {}
for number in steps():
    for word in range(PER_STEP):
        index.setdefault(f"word {number % EPOCH * PER_STEP + word}", len(index))
