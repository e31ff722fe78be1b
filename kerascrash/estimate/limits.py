"""Which limit bound the process, how near it was, and what proves that it was hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.resident import certificate_of, last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case

NO_LIMIT = 1 << 60
"""Above this a cgroup v1 limit is the kernel's way of writing "none"."""
NEAR = 0.95
"""Usage over limit from which on a cgroup counts as full (kernel pages are lazy)."""


@dataclass(frozen=True, slots=True)
class LimitLevel:
    """One cgroup level with a limit; ``own`` is the level the process itself sat in."""

    path: str
    version: int
    limit: int
    usage: int | None
    peak: int | None
    own: bool
    oom_delta: int
    kill_delta: int
    limit_events: int

    @property
    def is_full(self) -> bool:
        """Usage or its high-water mark stood at the limit."""
        top = max(self.usage or 0, self.peak or 0)
        return top >= NEAR * self.limit

    @property
    def is_proven(self) -> bool:
        """
        This level's own limit killed.

        v2: its ``oom``/``max`` counters rose along with a kill. v1 has no such counter:
        ``oom_kill`` rose (in the victim's own level alone, and for a global OOM too)
        *and* this level's high-water mark is at its limit.
        """
        if self.version == 2:
            return self.oom_delta > 0 or (self.limit_events > 0 and self.kill_delta > 0)
        return self.kill_delta > 0 and self.is_full


def _delta(row: Mapping[str, Any], *names: str) -> int:
    before, after = row.get("before") or {}, row.get("after") or {}
    total = 0
    for name in names:
        first, last = before.get(name), after.get(name)
        if isinstance(first, int) and isinstance(last, int):
            total += max(last - first, 0)
    return total


def limited_levels(case: Case) -> tuple[LimitLevel, ...]:
    """Return the certificate's cgroup levels that have a limit, the leaf first."""
    rows = (certificate_of(case).get("oom") or {}).get("cgroups") or []
    levels = []
    # v1 counts a kill in the victim's own level alone, whichever level was full.
    killed_v1 = any(row.get("version") == 1 and _delta(row, "oom_kill") for row in rows)
    deepest = max((len(str(row.get("path") or "")) for row in rows), default=0)
    for row in rows:
        limit = row.get("limit")
        if not isinstance(limit, int) or not 0 < limit < NO_LIMIT:
            continue
        levels.append(
            LimitLevel(
                path=str(row.get("path") or ""),
                version=int(row.get("version") or 2),
                limit=limit,
                usage=row.get("current"),
                peak=row.get("peak"),
                own=len(str(row.get("path") or "")) == deepest,
                oom_delta=_delta(row, "oom"),
                kill_delta=_delta(row, "oom_kill", "oom_group_kill")
                or int(killed_v1 and row.get("version") == 1),
                limit_events=_delta(row, "max"),
            )
        )
    return tuple(sorted(levels, key=lambda level: -len(level.path)))


def leaf_kill_delta(case: Case) -> int:
    """Return by how much ``oom_kill`` rose at any level, limited or not."""
    rows = (certificate_of(case).get("oom") or {}).get("cgroups") or []
    return max((_delta(row, "oom_kill") for row in rows), default=0)


def host_kill_delta(case: Case) -> int | None:
    """Return by how much the host's ``oom_kill`` rose, None if it was not read."""
    counter = (certificate_of(case).get("oom") or {}).get("vmstat_oom_kill")
    if not isinstance(counter, Mapping):
        return None
    before, after = counter.get("before"), counter.get("after")
    if not isinstance(before, int) or not isinstance(after, int):
        return None
    return max(after - before, 0)


def cgroup_limit(case: Case) -> int | None:
    """Return the limit of the level with least headroom, None if none is set."""
    limit = last_reading(case, "cgroup_limit")
    if limit is None or not 0 < limit < NO_LIMIT:
        proven = [level.limit for level in limited_levels(case)]
        return min(proven, default=None)
    return limit


def cgroup_fill(case: Case) -> float | None:
    """Return usage (reclaimable cache left out) over limit at the last reading."""
    recording = recording_of(case)
    limit = cgroup_limit(case)
    if limit is None or recording is None:
        return None
    headroom = last_reading(case, "cgroup_headroom")
    if headroom is not None:
        return 1 - headroom / limit
    usage = last_reading(case, "cgroup_current")
    return None if usage is None else usage / limit
