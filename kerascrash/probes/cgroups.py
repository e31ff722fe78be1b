"""
Where a process's control groups lie, and what each level's memory looks like.

A limit of any ancestor kills as well as the leaf's, so every level up to the mount
point is read. Inside a container the mount shows only the container's own subtree:
limits above it exist, and cannot be seen.
"""

from __future__ import annotations

import os

from kerascrash.probes.procfile import ProcFile, parse_table

UNLIMITED = 1 << 62
"""v1 says "no limit" with a number near 2**63."""


class Hierarchy:
    """One cgroup mount and the process's place in it; ``leaf`` is a folder."""

    # No dataclass here or elsewhere in probes/: it would cost every armed script 5 ms.
    __slots__ = ("leaf", "mount_point", "version")

    def __init__(self, version: int, mount_point: str, leaf: str) -> None:
        self.version = version
        self.mount_point = mount_point
        self.leaf = leaf

    def folders(self) -> list[str]:
        """Return the leaf and its ancestors up to the mount point."""
        found, folder = [], self.leaf
        while True:
            found.append(folder)
            if folder == self.mount_point or len(folder) <= len(self.mount_point):
                return found
            folder = os.path.dirname(folder)

    def name_of(self, folder: str) -> str:
        """Return the cgroup's path as the kernel log spells it, as far as seen here."""
        return folder[len(self.mount_point) :] or "/"


_NAMES = {
    1: ("memory.usage_in_bytes", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    2: ("memory.current", "memory.max", "memory.peak"),
}
_INACTIVE = {1: b"total_inactive_file", 2: b"inactive_file"}


class Level:
    """Memory files of one cgroup, kept open."""

    def __init__(self, folder: str, name: str, version: int) -> None:
        self.folder = folder
        self.name = name
        self.version = version
        # The root's usage is the whole machine's and tells nothing of this job. A
        # container's own top level is called "/" as well, but lacks this file of v1
        # (v2's root has no memory files at all).
        self.is_root = os.path.exists(f"{folder}/release_agent")
        self._inactive = _INACTIVE[version]
        current, limit, self._peak_name = _NAMES[version]
        self._current = ProcFile(f"{folder}/{current}")
        self._limit = ProcFile(f"{folder}/{limit}")
        # Opened when first read: of most levels only the limit is ever looked at, and
        # the descriptors are the user's.
        self._later: dict[str, ProcFile] = {}

    @property
    def exists(self) -> bool:
        return self._current.is_open

    def read_current(self) -> int | None:
        return self._current.read_int()

    def read_limit(self) -> int | None:
        """Return the limit in bytes; None where there is none."""
        limit = self._limit.read_int()
        return limit if limit is not None and limit < UNLIMITED else None

    def read_peak(self) -> int | None:
        return self._open(self._peak_name).read_int()

    def read_reclaimable(self) -> int:
        """Return page cache the kernel can drop at once (0 if it does not say)."""
        return parse_table(self._open("memory.stat").read()).get(self._inactive, 0)

    def _open(self, name: str) -> ProcFile:
        if name not in self._later:
            self._later[name] = ProcFile(f"{self.folder}/{name}")
        return self._later[name]

    def close(self) -> None:
        for file in (self._current, self._limit, *self._later.values()):
            file.close()


def find_hierarchy(
    pid: int, version: int, controller: str = "memory"
) -> Hierarchy | None:
    """Return the mount that holds the controller, or None (v2: the unified mount)."""
    membership = _read_membership(pid, version, controller)
    if membership is None:
        return None
    for root, mount_point in _find_mounts(version, controller):
        inside = membership
        if root != "/":
            inside = membership.removeprefix(root) if membership != root else "/"
        leaf = os.path.normpath(f"{mount_point}/{inside}")
        if "/.." not in membership and os.path.isdir(leaf):
            return Hierarchy(version, mount_point, leaf)
        # A view from another namespace: the mount point is all that can be seen.
        return Hierarchy(version, mount_point, mount_point)
    return None


def open_levels(pid: int, version: int) -> list[Level]:
    """Return the levels with memory files, the leaf first."""
    hierarchy = find_hierarchy(pid, version)
    if hierarchy is None:
        return []
    levels = []
    for folder in hierarchy.folders():
        level = Level(folder, hierarchy.name_of(folder), version)
        if level.exists:
            levels.append(level)
        else:
            level.close()
    return levels


def _read_membership(pid: int, version: int, controller: str) -> str | None:
    for line in _read_text(f"/proc/{pid}/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if version == 2 and number == "0" and not controllers:
            return path
        if version == 1 and controller in controllers.split(","):
            return path
    return None


def _find_mounts(version: int, controller: str) -> list[tuple[str, str]]:
    """Return (root, mount point) of the mounts, as seen by this process."""
    found = []
    for line in _read_text("/proc/self/mountinfo").splitlines():
        front, _, back = line.partition(" - ")
        fields, kind = front.split(" "), back.split(" ")
        if len(fields) < 5 or len(kind) < 3:
            continue
        unified = version == 2 and kind[0] == "cgroup2"
        own = version == 1 and kind[0] == "cgroup" and controller in kind[2].split(",")
        if unified or own:
            found.append((_unescape(fields[3]), _unescape(fields[4])))
    return found


def _unescape(field: str) -> str:
    """Undo mountinfo's octal escapes of space, tab, newline and backslash."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n")):
        field = field.replace(code, sign)
    return field.replace("\\134", "\\")


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
