"""
Out-of-memory counters of every cgroup level and of the machine.

Two snapshots, one early and one after the death, show whose limit was hit. Facts that
matter when judging them: v1's ``failcnt`` stays 0 on recent kernels; a leaf's
``oom_kill`` rises for an OOM of the whole machine too, so a limit is proven by ``oom``
or ``max`` (v2) or by usage at the limit (v1) of that level; a removed cgroup takes its
counters along, so they are read through descriptors opened before the death.
"""

from __future__ import annotations

from kerascrash.probes.cgroups import Level, open_levels
from kerascrash.probes.procfile import ProcFile, parse_table, pick_numbers

TYPE_CHECKING = False  # importing typing would cost every armed script 5 ms
if TYPE_CHECKING:
    from typing import Any

_FILES = {1: ("memory.oom_control",), 2: ("memory.events", "memory.events.local")}


class _LevelCounters:
    """Counters of one level; ``local.`` marks v2's counts without descendants."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self._files = [ProcFile(f"{level.folder}/{n}") for n in _FILES[level.version]]
        self._failures = ProcFile(f"{level.folder}/memory.failcnt")

    def read(self) -> dict[str, Any]:
        counters: dict[str, int] = {}
        for file in self._files:
            prefix = "local." if file.path.endswith(".local") else ""
            for key, number in parse_table(file.read()).items():
                counters[prefix + key.decode("ascii", "replace")] = number
        failures = self._failures.read_int()
        if failures is not None:
            counters["failcnt"] = failures
        return {
            "path": self.level.name,
            "version": self.level.version,
            "limit": self.level.read_limit(),
            "current": self.level.read_current(),
            "peak": self.level.read_peak(),
            "counters": counters,
        }

    def close(self) -> None:
        self.level.close()
        for file in (*self._files, self._failures):
            file.close()


class OomCounters:
    """Counters of one process, readable after its death; never raises."""

    def __init__(self, pid: int) -> None:
        self._levels: list[_LevelCounters] = []
        self._vmstat = ProcFile("/proc/vmstat")
        try:
            found = [lv for version in _FILES for lv in open_levels(pid, version)]
            self._levels = [_LevelCounters(level) for level in found]
        except OSError:
            pass

    @property
    def event_files(self) -> list[str]:
        """v2 ``memory.events`` files: poll(2) tells when one changes."""
        return [
            f"{item.level.folder}/memory.events"
            for item in self._levels
            if item.level.version == 2
        ]

    def read(self) -> dict[str, Any]:
        """Return ``cgroups`` (the leaf first) and ``vmstat_oom_kill`` (or None)."""
        kills: dict[str, int] = {}
        pick_numbers(self._vmstat.read(), {b"oom_kill ": "oom_kill"}, kills)
        return {
            "cgroups": [level.read() for level in self._levels],
            "vmstat_oom_kill": kills.get("oom_kill"),
        }

    def close(self) -> None:
        self._vmstat.close()
        for level in self._levels:
            level.close()
        self._levels = []


def read_oom_counters(pid: int) -> dict[str, Any]:
    """Return one snapshot of ``OomCounters.read``."""
    counters = OomCounters(pid)
    try:
        return counters.read()
    finally:
        counters.close()
