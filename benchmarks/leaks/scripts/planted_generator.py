"""A generator that keeps what it is sent, between two of its turns."""

import kerascrash.arm  # noqa: F401
from training import steps, value


def collect():
    kept = []
    while True:
        kept.append((yield len(kept)))  # LEAK


collector = collect()
next(collector)
for number in steps():
    collector.send(value(number))
