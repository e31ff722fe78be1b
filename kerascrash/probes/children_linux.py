"""
Descendants of the process: how many live, and their resident memory together.

Walking a process tree costs far more than any other reading, so it is done at most
four times a second, and so rarely that it stays below 1 % of one core; between walks
the last figures stand. Shared pages are counted once per process that maps them.
"""

from __future__ import annotations

import os
import time

_SHORTEST_S = 0.25
_SHARE = 100  # the walk may take one part in this of the time
_MOST = 4096


class Children:
    """Reader of one process's descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._next_walk = 0.0
        self._last: dict[str, int] = {}
        self._page = os.sysconf("SC_PAGE_SIZE")

    def read(self, values: dict[str, int]) -> None:
        now = time.monotonic()
        if now >= self._next_walk:
            self._last = self._walk()
            cost = time.monotonic() - now
            self._next_walk = now + max(_SHORTEST_S, cost * _SHARE)
        values.update(self._last)

    def _walk(self) -> dict[str, int]:
        try:
            descendants = find_descendants(self._pid)
        except OSError:  # the process is gone, or /proc shows only our own
            return {}
        resident = 0
        for pid in descendants:
            fields = _read(f"/proc/{pid}/statm").split()
            if len(fields) > 1:
                resident += int(fields[1]) * self._page
        return {"children": len(descendants), "children_rss": resident}

    def close(self) -> None:
        self._last = {}


def find_descendants(pid: int) -> list[int]:
    """Return the pids of all live descendants; raises OSError if ``pid`` is gone."""
    tasks = os.listdir(f"/proc/{pid}/task")
    if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):
        return _find_by_parent(pid)  # a kernel without CONFIG_PROC_CHILDREN
    found: list[int] = []
    queue = [(pid, tasks)]
    while queue and len(found) < _MOST:
        parent, tasks = queue.pop()
        for task in tasks:
            children = _read(f"/proc/{parent}/task/{task}/children").split()
            for child in map(int, children):
                found.append(child)
                queue.append((child, _list_tasks(child)))
    return found


def _list_tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _find_by_parent(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
            if len(fields) > 1:
                children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    queue = [pid]
    while queue and len(found) < _MOST:
        direct = children.get(queue.pop(), [])
        found += direct
        queue += direct
    return found


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 16384)
    except OSError:
        return b""
    finally:
        os.close(fd)


PROBE = Children
