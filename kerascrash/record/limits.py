"""
The ``limits`` blob: what this process may not exceed.

Keys: rlimits {name: [soft, hard]} (-1: none), dev_shm, dump_disk, tmp_disk
({total, free}, bytes; dump_disk with fstype), cgroup_limit, pids_max (-1: none),
overcommit (0, 1, 2), thp (transparent huge pages: always, madvise, never).
"""

from __future__ import annotations

import contextlib
import os

from kerascrash.record.filesystem import filesystem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RLIMITS = (
    "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_NOFILE",
    "RLIMIT_NPROC", "RLIMIT_MEMLOCK", "RLIMIT_CPU", "RLIMIT_FSIZE",
)  # fmt: skip


def describe_limits(dump_path: str, probed: dict[str, Any]) -> dict[str, Any]:
    """Return the blob; ``probed`` is what ``ProbeSet.describe_limits`` said."""
    folder = os.path.dirname(dump_path)
    disk = _space(folder)
    if disk is not None:
        disk["fstype"] = filesystem_of(folder)
    return {
        "rlimits": _rlimits(),
        "dev_shm": _space("/dev/shm"),
        "dump_disk": disk,
        "tmp_disk": _space(os.environ.get("TMPDIR") or "/tmp"),
        "cgroup_limit": probed.get("cgroup_limit", -1),
        "pids_max": probed.get("pids_max", -1),
        "overcommit": _overcommit(),
        "thp": _transparent_huge_pages(),
    }


def _rlimits() -> dict[str, list[int]]:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return {}
    found = {}
    for name in _RLIMITS:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            soft, hard = resource.getrlimit(getattr(resource, name))
            found[name] = [
                -1 if value == resource.RLIM_INFINITY else value
                for value in (soft, hard)
            ]
    return found


def _space(path: str) -> dict[str, Any] | None:
    try:
        facts = os.statvfs(path)
    except (OSError, AttributeError):
        return None
    total = facts.f_blocks * facts.f_frsize
    return {"total": total, "free": facts.f_bavail * facts.f_frsize}


def _overcommit() -> int | None:
    text = _read("/proc/sys/vm/overcommit_memory").strip()
    return int(text) if text.isdigit() else None


def _transparent_huge_pages() -> str | None:
    text = _read("/sys/kernel/mm/transparent_hugepage/enabled")
    return text.partition("[")[2].partition("]")[0] or None


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""
