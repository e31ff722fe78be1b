"""Dies, or hangs, inside one native call that never lets go of the GIL."""

import functools
import os
import time

import numpy as np

import kerascrash.arm  # noqa: F401

COUNT = int(os.environ["COUNT"])
TAKE = functools.partial(np.fromiter, dtype=np.float64)
if os.environ.get("HANG"):
    TAKE = sum


def widen(count):
    print("READY", flush=True)
    return TAKE(range(count))  # the call


def load():
    time.sleep(2.0)  # where the recorder saw it last
    rows = widen(COUNT)
    return rows.sum()


print(load())
