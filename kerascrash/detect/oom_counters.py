"""
Observe the kernel's out-of-memory counters before and after the death.

They prove whose limit was hit: a leaf's ``oom_kill`` alone does not, because a global
OOM of a victim in it counts there as well. They can be wrong about *who* was killed
when several processes share the cgroup.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.limits import (
    LimitLevel,
    host_kill_delta,
    leaf_kill_delta,
    limited_levels,
)
from kerascrash.estimate.resident import certificate_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SOURCE = "dump:certificate"


def detect(case: Case) -> Iterator[Finding]:
    """Yield which limit the counters prove, or that none moved."""
    oom = certificate_of(case).get("oom") or {}
    proven = [level for level in limited_levels(case) if level.is_proven]
    if proven:
        yield _proven(proven[0])
        return
    host, leaf = host_kill_delta(case), leaf_kill_delta(case)
    if leaf:
        yield note(
            "oom_kill_without_limit",
            _SOURCE,
            "the kernel's OOM killer struck in this cgroup, but no limit of its own "
            "was reached: the machine as a whole was out of memory",
            kills=leaf,
        )
    elif host:
        yield note(
            "vmstat_oom_kill_rose",
            _SOURCE,
            f"the machine's oom_kill counter rose by {host}, and no cgroup of this "
            "process was at a limit",
            kills=host,
        )
    elif host == 0 and oom.get("cgroups"):
        yield note(
            "no_oom_counter_change",
            _SOURCE,
            "no out-of-memory counter moved, neither the machine's nor a cgroup's",
        )


def _proven(level: LimitLevel) -> Finding:
    limit = format_bytes(level.limit)
    how = (
        "its oom counter rose"
        if level.version == 2
        else f"its usage peaked at {format_bytes(level.peak or level.usage or 0)} and "
        "its oom_kill counter rose"
    )
    if level.own:
        text = f"the cgroup's own limit of {limit} was hit: {how}"
        return note(
            "cgroup_oom_counter_rose", _SOURCE, text, path=level.path, limit=level.limit
        )
    text = f"the limit of {limit} of the enclosing cgroup {level.path} was hit: {how}"
    return note(
        "ancestor_oom_counter_rose", _SOURCE, text, path=level.path, limit=level.limit
    )


DETECTOR = Detector(
    id="oom_counters",
    finds=(
        "cgroup_oom_counter_rose",
        "ancestor_oom_counter_rose",
        "oom_kill_without_limit",
        "vmstat_oom_kill_rose",
        "no_oom_counter_change",
    ),
    detect=detect,
    needs=("certificate",),
)
