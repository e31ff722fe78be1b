"""A deque whose bound was forgotten."""

import collections

import kerascrash.arm  # noqa: F401
from training import steps, value


def train():
    kept = collections.deque()
    for number in steps():
        kept.append(value(number))  # LEAK


train()
