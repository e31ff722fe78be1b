"""Who else was on the machine: the biggest processes, and daemons that kill."""

from __future__ import annotations

import os

from kerascrash.dump.clock import now_ns as clock_ns
from kerascrash.probes.procfile import ProcFile

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_BIGGEST = 10
_SMALLEST_BYTES = 32 << 20
_PAUSE_NS = 1_000_000_000
_LISTED = 200
_REST = 200
"""Looks rest two hundred times as long as they took: half a percent of one core."""
_FRESH_NS = 10_000_000_000
KILLERS = frozenset(
    {"earlyoom", "systemd-oomd", "nohang", "nohang-desktop", "oomd", "slurmstepd"}
)
"""Programs that end others when memory is short; names as the kernel cuts them."""


class Neighbours:
    """The machine's other processes, remembered from the start of the run."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._cgroup = _memory_cgroup(pid)
        self._before = dict(self._list())
        self._seen: list[dict[str, Any]] = []
        self._seen_ns = self._due_ns = 0

    def look(self, now_ns: int) -> None:
        """
        Remember who is big while memory is short.

        Who is killed together with the target, or leaves in the moments after, is
        gone when the certificate is written.
        """
        if now_ns < self._due_ns:
            return
        self._seen, self._seen_ns = self._rows(), now_ns
        self._due_ns = now_ns + max(_PAUSE_NS, _REST * (clock_ns() - now_ns))

    def report(self, death_ns: int) -> dict[str, Any]:
        """Return the certificate's ``biggest`` (bytes) and ``daemons``."""
        rows = {row["pid"]: row for row in self._rows()}
        if death_ns - self._seen_ns < _FRESH_NS:
            for row in self._seen:
                if row["rss"] > rows.get(row["pid"], row | {"rss": 0})["rss"]:
                    rows[row["pid"]] = row
        biggest = sorted(rows.values(), key=_size, reverse=True)
        names = {_read(f"/proc/{pid}/comm").strip() for pid, _ in self._list()}
        return {"biggest": _pick(biggest), "daemons": sorted(names & KILLERS)}

    def _rows(self) -> list[dict[str, Any]]:
        """Return the biggest of all, and the biggest that share the target's cgroup."""
        found = sorted(self._list(), key=lambda item: item[1], reverse=True)
        return _pick(
            [
                {
                    "pid": pid,
                    "comm": _read(f"/proc/{pid}/comm").strip(),
                    "rss": size,
                    "same_cgroup": bool(self._cgroup)
                    and _memory_cgroup(pid) == self._cgroup,
                    "growth": size - self._before.get(pid, 0),
                }
                for rank, (pid, size) in enumerate(found[:_LISTED])
                if size >= _SMALLEST_BYTES or rank == 0
            ]
        )

    def _list(self) -> list[tuple[int, int]]:
        """Return (pid, resident bytes) of all processes but ours and the target."""
        own = {self._pid, os.getpid()}
        found = []
        for name in _list_folder("/proc"):
            if name.isdigit() and int(name) not in own:
                fields = _read(f"/proc/{name}/statm").split()
                if len(fields) > 1:
                    found.append((int(name), int(fields[1]) * self._page))
        return found


def _pick(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``_BIGGEST`` of all and as many of the target's cgroup, biggest first."""
    near = [row["pid"] for row in rows if row["same_cgroup"]][:_BIGGEST]
    return [r for rank, r in enumerate(rows) if rank < _BIGGEST or r["pid"] in near]


def _size(row: dict[str, Any]) -> int:
    return int(row["rss"])


def _memory_cgroup(pid: int) -> str:
    """Return the line of ``/proc/PID/cgroup`` that accounts its memory."""
    lines = _read(f"/proc/{pid}/cgroup").splitlines()
    for line in lines:
        if "memory" in line.partition(":")[2].partition(":")[0].split(","):
            return line
    return next((line for line in lines if line.startswith("0::")), "")


def _list_folder(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path: str) -> str:
    file = ProcFile(path)
    text = file.read().decode("utf-8", "replace")
    file.close()
    return text
