"""Whether other users' processes can be seen (``hidepid``): who ate the memory."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    if not os.path.isdir("/proc/self"):
        return None
    if read_text("/proc/1/statm"):
        return Result("ok", "the sizes of all processes can be seen")
    return Result(
        "weaker",
        "processes of other users are hidden (hidepid)",
        "A neighbour that takes the memory cannot be named.",
        "sudo mount -o remount,hidepid=0 /proc",
    )


CHECK = Check("neighbours", "neighbours", "memory", _examine)
