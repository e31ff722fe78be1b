"""A card fills up, as its driver tells it, until an allocation is refused.

Arguments: the bytes that this process holds at the end, and those that the process
PID holds on the card and on a second one: OWN PID OTHERS OTHERS_ON_SECOND.
"""

import kerascrash.arm  # noqa: F401
import os
import sys
import time

GIB = 1 << 30
own, pid, others, second = map(int, sys.argv[1:])


class OutOfMemoryError(RuntimeError):
    """What a framework raises when its device is full."""


def hold(mine):
    path = os.environ["NVML_STAND_IN"]
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(f"device ok {16 * GIB} {mine + others} 0\n")
        file.write(f"device ok {16 * GIB} {second} 0\n")
        file.write(f"process 0 {os.getpid()} {mine}\nprocess 0 {pid} {others}\n")
        file.write(f"process 1 {pid} {second}\n")
    os.replace(path + ".new", path)


def allocate():
    for share in range(1, 6):
        hold(own * share // 5)
        time.sleep(1.1)
    raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


hold(0)
time.sleep(1.5)  # the watcher begins
allocate()
