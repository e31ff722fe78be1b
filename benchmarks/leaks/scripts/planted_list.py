"""A list in the function that trains."""

import kerascrash.arm  # noqa: F401
from training import steps, value


def train():
    kept = []
    for number in steps():
        kept.append(value(number))  # LEAK


train()
