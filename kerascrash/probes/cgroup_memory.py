"""Memory against the limits of a process's cgroups; the same for both versions."""

from __future__ import annotations

import time

from kerascrash.probes.cgroups import Level, open_levels
from kerascrash.probes.procfile import ProcFile

_RECHECK_S = 1.0
"""Limits change and processes move rarely: both are looked at once a second."""


class CgroupMemory:
    """
    Reader of one process's cgroups of one version.

    The level that is reported is the one with the least headroom. Page cache that can
    be dropped at once (inactive file pages) counts as headroom, as the kernel reclaims
    it before it kills. Without any limit the leaf's usage alone is reported.
    """

    def __init__(self, pid: int, version: int) -> None:
        self._pid = pid
        self._version = version
        self._membership = ProcFile(f"/proc/{pid}/cgroup")
        self._member_of = self._membership.read()
        self._levels = open_levels(pid, version)
        self._limits: list[tuple[Level, int]] = []
        self._next_check = 0.0

    def read(self, values: dict[str, int]) -> None:
        self._recheck()
        tightest: tuple[int, int, int, Level] | None = None
        for level, limit in self._limits:
            current = level.read_current()
            if current is None:
                continue
            headroom = limit - current + min(level.read_reclaimable(), current)
            if tightest is None or headroom < tightest[0]:
                tightest = (headroom, current, limit, level)
        if tightest is None:
            self._read_unlimited(values)
            return
        headroom, current, limit, level = tightest
        values["cgroup_current"] = current
        values["cgroup_limit"] = limit
        values["cgroup_headroom"] = max(headroom, 0)
        self._read_peak(level, values)

    def _read_unlimited(self, values: dict[str, int]) -> None:
        if self._levels and not self._levels[0].is_root:
            current = self._levels[0].read_current()
            if current is not None:
                values["cgroup_current"] = current
                self._read_peak(self._levels[0], values)

    @staticmethod
    def _read_peak(level: Level, values: dict[str, int]) -> None:
        peak = level.read_peak()
        if peak is not None:
            values["cgroup_peak"] = peak

    def _recheck(self) -> None:
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + _RECHECK_S
        member_of = self._membership.read()
        if member_of and member_of != self._member_of:
            self._member_of = member_of
            for level in self._levels:
                level.close()
            self._levels = open_levels(self._pid, self._version)
        found = [(level, level.read_limit()) for level in self._levels]
        self._limits = [(level, limit) for level, limit in found if limit is not None]

    def close(self) -> None:
        self._membership.close()
        for level in self._levels:
            level.close()
        self._levels, self._limits = [], []
