"""A dict, a new key for each step."""

import kerascrash.arm  # noqa: F401
from training import steps, value


def train():
    kept = {}
    for number in steps():
        kept[f"step {number}"] = value(number)  # LEAK


train()
