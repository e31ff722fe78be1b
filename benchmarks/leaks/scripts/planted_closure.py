"""A list that an inner function closes over."""

import kerascrash.arm  # noqa: F401
from training import steps, value


def make_observer():
    kept = []

    def observe(found):
        kept.append(found)  # LEAK

    return observe


observe = make_observer()
for number in steps():
    observe(value(number))
