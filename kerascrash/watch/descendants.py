"""Deaths of the target's children: data workers, pools, helper programs."""

from __future__ import annotations

import os
import select
import time

from kerascrash.probes.children_linux import find_descendants
from kerascrash.watch.exit_status import ExitStatus, ask_pidfd, read_start_ticks

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_MOST_WATCHED, _MOST_KEPT = 128, 32


class Child:
    """One live descendant, held by a pidfd."""

    __slots__ = ("comm", "pid", "pidfd", "start_ticks")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.comm = _read_comm(pid)
        self.start_ticks = read_start_ticks(pid)


class Descendants:
    """
    Follows the descendants of one process, about once a second.

    A child that lives for less than that is not seen. Of the others, those that end
    by a signal or with a status other than 0 are kept, the newest last.
    """

    def __init__(self, target: int) -> None:
        self._target = target
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
        for child in ended:
            self._note(child)
        return ended

    def _note(self, child: Child) -> None:
        raw = ask_pidfd(child.pidfd)
        os.close(child.pidfd)
        del self._live[child.pid]
        if raw == 0:
            return
        end = ExitStatus(raw, "pidfd" if raw is not None else "unknown").describe()
        row = {"pid": child.pid, "comm": child.comm, "time": time.time(), **end}
        self.deaths = [*self.deaths[-_MOST_KEPT + 1 :], row]

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
