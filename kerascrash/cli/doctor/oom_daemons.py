"""Daemons that end programs when memory is short, before the kernel does."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result, read_text
from kerascrash.watch.neighbours import KILLERS


def _examine() -> Result | None:
    if not os.path.isdir("/proc/self"):
        return None
    names = {
        read_text(f"/proc/{pid}/comm") for pid in os.listdir("/proc") if pid.isdigit()
    }
    found = sorted(KILLERS & {name for name in names if name})
    if not found:
        return Result("ok", "none is running")
    unit = found[0]
    return Result(
        "weaker",
        f"{', '.join(found)} may end a training",
        "Such a kill leaves no line of the kernel's and no counter; the daemon's own "
        "journal has it.",
        f"journalctl -u {unit} > daemon.log; kerascrash report --log daemon.log",
        {"daemons": found},
    )


CHECK = Check("oom_daemons", "OOM daemons", "memory", _examine)
