"""
Observe resources besides memory that ran out: /dev/shm, disk, descriptors, threads.

Limits are read when the recorder starts, so a disk that filled later is seen only by
the exception it caused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerascrash.detect._facts import note
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_NEAR = 0.95
_SMALL_SHM = 128 << 20  # containers start with 64 MiB


def detect(case: Case) -> Iterator[Finding]:
    """Yield each resource that was nearly used up."""
    recording = recording_of(case)
    limits = recording.limits if recording else {}
    yield from _shared_memory(limits.get("dev_shm") or {})
    for key, what in (("dump_disk", "the dump's disk"), ("tmp_disk", "the /tmp disk")):
        yield from _disk(limits.get(key) or {}, what)
    rlimits = limits.get("rlimits") or {}
    yield from _counted(case, rlimits, "RLIMIT_NOFILE", "fds", "fd_count_near_limit")
    yield from _counted(case, rlimits, "RLIMIT_NPROC", "threads", "pids_limit_hit")
    yield from _counted(case, rlimits, "RLIMIT_AS", "vms", "address_space_limit")
    pids = limits.get("pids_max")
    if isinstance(pids, int) and pids > 0:
        row = {"pids_max": [pids, pids]}
        yield from _counted(case, row, "pids_max", "threads", "pids_limit_hit")


def _shared_memory(shm: Mapping[str, Any]) -> Iterator[Finding]:
    total, free = shm.get("total"), shm.get("free")
    if not isinstance(total, int) or not isinstance(free, int) or total <= 0:
        return
    text = f"/dev/shm has {format_bytes(free)} free of {format_bytes(total)}"
    if free < 0.05 * total:
        yield note("shm_full", "dump:limits", text, total=total, free=free)
    elif total <= _SMALL_SHM:
        yield note("shm_small", "dump:limits", text, total=total, free=free)


def _disk(disk: Mapping[str, Any], what: str) -> Iterator[Finding]:
    total, free = disk.get("total"), disk.get("free")
    if not isinstance(total, int) or not isinstance(free, int) or total <= 0:
        return
    if free < min(0.01 * total, 64 << 20):
        text = f"{what} had {format_bytes(free)} free of {format_bytes(total)}"
        yield note("disk_nearly_full", "dump:limits", text, total=total, free=free)


def _counted(
    case: Case, limits: Mapping[str, Any], limit_name: str, series: str, finding: str
) -> Iterator[Finding]:
    pair, used = limits.get(limit_name), last_reading(case, series)
    soft = pair[0] if isinstance(pair, (list, tuple)) and pair else None
    if not isinstance(soft, int) or soft <= 0 or used is None or used < _NEAR * soft:
        return
    figures = (
        f"{format_bytes(used)} of {format_bytes(soft)}"
        if series == "vms"
        else f"{used:,} of {soft:,}"
    )
    text = f"{limit_name}: {figures} were in use at the last reading"
    yield note(finding, "dump:limits", text, used=used, limit=soft)


DETECTOR = Detector(
    id="small_resources",
    finds=(
        "shm_full",
        "shm_small",
        "disk_nearly_full",
        "fd_count_near_limit",
        "pids_limit_hit",
        "address_space_limit",
    ),
    detect=detect,
    needs=("recording",),
)
