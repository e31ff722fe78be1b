"""Whether a training here may be PID 1, with which the kernel ends the watcher too."""

from __future__ import annotations

import contextlib
import os

from kerascrash.cli.doctor._check import Check, Result

_HOST_NAMESPACE = "pid:[4026531836]"
"""The first pid namespace has this number on every Linux (PROC_PID_INIT_INO)."""


def _examine() -> Result | None:
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    if not namespace:
        return None
    if namespace == _HOST_NAMESPACE:
        return Result("ok", "the machine's own process ids; a training is never PID 1")
    return Result(
        "weaker",
        "a pid namespace of its own, as in a container",
        "A training that is PID 1 takes its watcher along: the dump alone carries the "
        "case then, without exit status.",
        "kerascrash run train.py   (as the container's entry point)",
        {"namespace": namespace, "pid": os.getpid()},
    )


CHECK = Check("first_process", "PID 1", "exit", _examine)
