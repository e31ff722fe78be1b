"""Deaths of the target's children: data workers, pools, helper programs."""

from __future__ import annotations

import os
import select
import time

from kerascrash.probes.children_linux import find_descendants
from kerascrash.watch.exit_status import (
    ExitStatus,
    ask_pidfd,
    read_start_ticks,
    read_zombie,
)

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MOST_WATCHED, _MOST_KEPT = 128, 32
_LOOKS = 5
"""At one that has ended and whose parent has not asked for its status yet."""


class Child:
    """One live descendant, held by a pidfd."""

    __slots__ = ("comm", "patience", "pid", "pidfd", "start_ticks")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.comm = _read_comm(pid)
        self.start_ticks = read_start_ticks(pid)
        self.patience = _LOOKS


class Descendants:
    """
    Follows the descendants of one process, about once a second.

    Children of the main thread are met at once, others that live for less than that
    are not seen. Those that end by a signal or with a status other than 0 are kept,
    the newest last.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._children = f"/proc/{target}/task/{target}/children"
        self._live: dict[int, Child] = {}
        self.deaths: list[dict[str, Any]] = []

    def look(self) -> None:
        """Meet new children and note who died; never raises."""
        self.collect()
        if not hasattr(os, "pidfd_open"):
            return
        try:
            present = find_descendants(self._target)
        except OSError:
            return
        self._meet(pid for pid in present if pid not in self._live)

    def glance(self) -> None:
        """Meet the main thread's new children, a pool's workers; never raises."""
        if not hasattr(os, "pidfd_open"):
            return
        try:
            with open(self._children, "rb") as file:
                present = [int(pid) for pid in file.read(4096).split()[:_MOST_WATCHED]]
        except (OSError, ValueError):
            return
        self._meet(pid for pid in present if pid not in self._live)

    def _meet(self, pids: Iterable[int]) -> None:
        for pid in pids:
            if len(self._live) >= _MOST_WATCHED:
                return
            try:
                self._live[pid] = Child(pid)
            except OSError:
                continue

    def collect(self) -> list[Child]:
        """Return the children that ended since the last time, and note bad ends."""
        if not self._live:
            return []
        poll = select.poll()
        by_fd = {child.pidfd: child for child in self._live.values()}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        ended = [by_fd[fd] for fd, _ in poll.poll(0)]
        return [child for child in ended if self._note(child)]

    def _note(self, child: Child) -> bool:
        """Note an end; False while nobody can tell it yet, as its parent has not."""
        raw, how = ask_pidfd(child.pidfd), "pidfd"
        if raw is None:
            seen = read_zombie(child.pid, child.start_ticks or 0)
            raw = ask_pidfd(child.pidfd)  # reaped between the two looks?
            if raw is None and seen:
                raw, how = seen, "zombie"
            elif raw is None and seen is not None and child.patience > 0:
                child.patience -= 1
                return False
        os.close(child.pidfd)
        del self._live[child.pid]
        if raw == 0:
            return True
        end = ExitStatus(raw, how if raw is not None else "unknown").describe()
        row = {"pid": child.pid, "comm": child.comm, "time": time.time(), **end}
        self.deaths = [*self.deaths[-_MOST_KEPT + 1 :], row]
        return True

    def close(self) -> None:
        for child in self._live.values():
            os.close(child.pidfd)
        self._live.clear()


def _read_comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
