"""A list as the default of an argument."""

import kerascrash.arm  # noqa: F401
from training import steps, value


def note(found, kept=[]):  # noqa: B006 - that is the mistake
    kept.append(found)  # LEAK
    return len(kept)


for number in steps():
    note(value(number))
