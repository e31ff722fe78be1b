"""A cache that is full after a third of the steps."""

import kerascrash.arm  # noqa: F401
from training import STEPS, steps, value

cache = {}
for number in steps():
    key = number % max(1, STEPS // 3)
    if key not in cache:
        cache[key] = value(key)
