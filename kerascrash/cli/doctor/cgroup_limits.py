"""Which memory limits hold here, at every level of the control groups."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.probes.cgroup_limits import describe_limits
from kerascrash.units import format_bytes


def _examine() -> Result | None:
    if not os.path.exists("/proc/self/cgroup"):
        return None
    limits = describe_limits(os.getpid())
    place = limits.get("cgroup")
    if not place:
        return Result(
            "missing",
            "no memory control group can be read",
            "A container's limit, and what was left of it, stay unknown.",
            "mount | grep cgroup",
        )
    rows = [row for row in place["levels"] if row["limit"] >= 0]
    told = ", ".join(f"{row['path']} {format_bytes(row['limit'])}" for row in rows)
    levels = (
        f"{len(place['levels'])} levels" if len(place["levels"]) != 1 else "1 level"
    )
    found = f"version {place['version']}, {levels}: {told or 'no limit'}"
    return Result("ok", found, data={**place, "pids_max": limits.get("pids_max")})


CHECK = Check("cgroup_limits", "control groups", "memory", _examine)
