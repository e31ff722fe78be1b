"""A window of the last steps, as a plain list."""

import kerascrash.arm  # noqa: F401
from training import steps, value

window = []
for number in steps():
    window.append(value(number))
    if len(window) > 25:
        window.pop(0)
