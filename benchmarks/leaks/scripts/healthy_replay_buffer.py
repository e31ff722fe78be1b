"""A deque with a bound, as for experience replay."""

import collections

import kerascrash.arm  # noqa: F401
from training import STEPS, steps, value

memory = collections.deque(maxlen=max(10, STEPS // 4))
for number in steps():
    memory.append(value(number))
