"""How a process ended, told to one who is not its parent: tried on a real child."""

from __future__ import annotations

import os
import select
import sys

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.watch.exit_status import ask_pidfd, read_start_ticks, read_zombie

_STATUS = 7
_PATIENCE_MS = 5000


def _examine() -> Result | None:
    if not hasattr(os, "pidfd_open"):
        return None
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-c", f"import os; os._exit({_STATUS})"],
        os.environ,
    )
    pidfd = -1
    try:
        pidfd = os.pidfd_open(child)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.poll(_PATIENCE_MS)
        zombie = read_zombie(child, read_start_ticks(child) or 0)
    finally:
        os.waitpid(child, 0)
        told = ask_pidfd(pidfd)
        if pidfd >= 0:
            os.close(pidfd)
    return _judge(told == _STATUS << 8, zombie == _STATUS << 8)


def _judge(kept: bool, zombie: bool) -> Result:
    data = {"pidfd": kept, "zombie": zombie}
    release = os.uname().release
    if kept:
        found = f"the kernel ({release}) keeps the exit status for the watcher"
        return Result("ok", found, data=data)
    meaning = (
        "Which signal ended a run is then inferred from counters and logs, unless "
        "kerascrash is the parent."
    )
    command = "kerascrash run train.py   (or a kernel of 6.15 or later)"
    if zombie:
        found = f"the kernel ({release}) tells the status only until the parent asks"
        return Result("weaker", found, meaning, command, data)
    found = f"the kernel ({release}) tells the status to the parent alone"
    return Result("missing", found, meaning, command, data)


CHECK = Check("pidfd_exit", "exit status", "exit", _examine)
