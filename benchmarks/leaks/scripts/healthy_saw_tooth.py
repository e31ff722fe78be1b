"""Collects a list and empties it, over and over."""

import kerascrash.arm  # noqa: F401
from training import steps, value

pending = []
for number in steps():
    pending.append(value(number))
    if len(pending) == 12:
        pending.clear()
