"""A cache without a bound, asked for something new at each step."""

import functools

import kerascrash.arm  # noqa: F401
from training import steps, value


@functools.lru_cache(maxsize=None)  # noqa: UP033
def kept(number):  # LEAK
    return value(number)


for number in steps():
    kept(number)
