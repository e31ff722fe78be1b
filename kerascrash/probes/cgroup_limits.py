"""Limits of a process's cgroups, for the record of its environment."""

from __future__ import annotations

from kerascrash.probes.cgroups import find_hierarchy, open_levels
from kerascrash.probes.procfile import ProcFile

TYPE_CHECKING = False  # importing typing would cost every armed script 5 ms
if TYPE_CHECKING:
    from typing import Any


def describe_limits(pid: int) -> dict[str, Any]:
    """Return ``cgroup``, ``cgroup_limit`` and ``pids_max`` of the memory hierarchy."""
    for version in (1, 2):
        levels = open_levels(pid, version)
        rows: list[dict[str, Any]] = []
        for level in levels:
            limit = level.read_limit()
            rows.append({"path": level.name, "limit": -1 if limit is None else limit})
            level.close()
        if rows:
            limits = [row["limit"] for row in rows if row["limit"] >= 0]
            place = {"version": version, "path": rows[0]["path"], "levels": rows}
            described = {"cgroup": place, "cgroup_limit": min(limits, default=-1)}
            pids_max = _read_pids_max(pid, version)
            return described if pids_max is None else described | {"pids_max": pids_max}
    return {}


def _read_pids_max(pid: int, version: int) -> int | None:
    """Return the tightest process limit of all levels, -1 without any."""
    hierarchy = find_hierarchy(pid, version, "pids")
    if hierarchy is None:
        return None
    found = []
    for folder in hierarchy.folders():
        file = ProcFile(f"{folder}/pids.max")
        number = file.read_int()
        file.close()
        if number is not None:
            found.append(number)
    return min(found, default=-1)
