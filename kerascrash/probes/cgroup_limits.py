"""Limits of a process's cgroups, for the record of its environment."""

from __future__ import annotations

from kerascrash.probes.cgroups import Hierarchy, find_hierarchy, open_levels
from kerascrash.probes.procfile import ProcFile

TYPE_CHECKING = False  # importing typing would cost every armed script 5 ms
if TYPE_CHECKING:
    from typing import Any


def describe_limits(pid: int) -> dict[str, Any]:
    """
    Return ``cgroup`` and ``cgroup_limit`` of the memory hierarchy, and ``pids_max``.

    ``cgroup`` has as ``pids_path`` where the pids controller has the process, which in
    version 1 may be elsewhere.
    """
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
            described: dict[str, Any] = {
                "cgroup": place,
                "cgroup_limit": min(limits, default=-1),
            }
            hierarchy = find_hierarchy(pid, version, "pids")
            if hierarchy is not None:
                place["pids_path"] = hierarchy.name_of(hierarchy.leaf)
                described["pids_max"] = _read_pids_max(hierarchy)
            return described
    return {}


def _read_pids_max(hierarchy: Hierarchy) -> int:
    """Return the tightest process limit of all levels, -1 without any."""
    found = []
    for folder in hierarchy.folders():
        file = ProcFile(f"{folder}/pids.max")
        number = file.read_int()
        file.close()
        if number is not None:
            found.append(number)
    return min(found, default=-1)
