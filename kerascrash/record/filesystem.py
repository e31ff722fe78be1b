"""Which kind of file system a folder lies on, from ``/proc/self/mountinfo``."""

from __future__ import annotations

import os

_MEMORY = frozenset({"tmpfs", "ramfs"})
_RISKY = frozenset(
    {
        # copy-on-write: a write into allocated space may need new space
        "overlay", "aufs", "btrfs", "zfs", "bcachefs",
        # over a network or through another process: a page fault may stall or fail
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "lustre", "gpfs", "beegfs",
        "9p", "virtiofs", "afs", "glusterfs", "vboxsf", "wekafs", "drvfs",
    }
)  # fmt: skip


def filesystem_of(path: str) -> str:
    """Return the type of the file system of ``path``, "" where unknown."""
    try:
        real = os.path.realpath(path)
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            return _longest_match(real, mounts.read())
    except OSError:
        return ""


def _longest_match(real: str, mountinfo: str) -> str:
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = fields[4].replace("\\040", " ")
        inside = point == "/" or real == point or real.startswith(point + "/")
        if inside and len(point) >= best:  # a later mount at the same point hides
            best, kind = len(point), after.split(" ")[0]
    return kind


def memory_mounts() -> list[str]:
    """Return where file systems of memory are mounted that can be written to."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            return uncovered_memory(mounts.read())
    except OSError:
        return []


def uncovered_memory(mountinfo: str) -> list[str]:
    """
    Return those of ``/proc/PID/mountinfo`` that no later mount covers.

    Behind a path that another file system covers is that one: to ask a network's for
    its room may take for ever.
    """
    found: list[str] = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 6:
            continue
        point = fields[4].replace("\\040", " ")
        within = point.rstrip("/") + "/"
        found = [one for one in found if not f"{one}/".startswith(within)]
        if "rw" in fields[5].split(",") and is_memory(after.split(" ")[0]):
            found.append(point)
    return found


def is_memory(kind: str) -> bool:
    """Return whether files there vanish with the machine (and use its memory)."""
    return kind in _MEMORY


def is_risky(kind: str) -> bool:
    """Return whether a mapped file there may fault or stall its process."""
    return kind in _RISKY or kind.startswith("fuse")
