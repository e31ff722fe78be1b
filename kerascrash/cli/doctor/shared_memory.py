"""Room in ``/dev/shm``: data workers pass batches through it."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.units import format_bytes

_FOLDER = "/dev/shm"
_SMALL = 128 << 20  # containers start with 64 MiB


def _examine() -> Result | None:
    if not os.path.isdir(_FOLDER):
        return None
    facts = os.statvfs(_FOLDER)
    total, free = facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize
    found = f"{format_bytes(free)} free of {format_bytes(total)}"
    data = {"total": total, "free": free}
    if total > _SMALL and free > _SMALL:
        return Result("ok", found, data=data)
    return Result(
        "weaker",
        found,
        "Workers that pass arrays through it die of SIGBUS when it is full.",
        f"docker run --shm-size=8g   or: sudo mount -o remount,size=8G {_FOLDER}",
        data,
    )


CHECK = Check("shared_memory", "/dev/shm", "memory", _examine)
