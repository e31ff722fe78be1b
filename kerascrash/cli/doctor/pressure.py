"""Pressure stall information: how long tasks waited for memory."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    if not os.path.isdir("/proc/self"):
        return None
    if read_text("/proc/pressure/memory"):
        return Result("ok", "/proc/pressure can be read")
    return Result(
        "weaker",
        "/proc/pressure cannot be read",
        "Free memory alone tells whether the machine was short of it.",
        "sudo grubby --update-kernel=ALL --args=psi=1   "
        "(Debian: in /etc/default/grub, then update-grub; reboot)",
    )


CHECK = Check("pressure", "pressure", "memory", _examine)
