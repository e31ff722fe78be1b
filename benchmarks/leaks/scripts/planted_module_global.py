"""A list of the module, filled from a function."""

import kerascrash.arm  # noqa: F401
from training import steps, value

kept = []


def note(found):
    kept.append(found)  # LEAK


def main():
    for number in steps():
        note(value(number))


main()
