"""
Observe the kernel's out-of-memory counters before and after the death.

They prove whose limit was hit: a leaf's ``oom_kill`` alone does not, because a global
OOM of a victim in it counts there as well. They count every victim since the recording
began; who was killed is told by the kernel log alone, where that could be followed.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.detect._kernel_lines import is_another
from kerascrash.detect.kernel_oom import find_kills
from kerascrash.estimate.limits import (
    LimitLevel,
    host_kill_delta,
    leaf_kill_delta,
    limited_levels,
)
from kerascrash.estimate.resident import certificate_of
from kerascrash.estimate.workers import lost_workers
from kerascrash.model.case import Case, Process
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SOURCE = "dump:certificate"


def detect(case: Case) -> Iterator[Finding]:
    """Yield which limit the counters prove, or that none moved."""
    oom = certificate_of(case).get("oom") or {}
    proven = [level for level in limited_levels(case) if level.is_proven]
    if (proven or host_kill_delta(case)) and _was_another(case):
        yield note(
            "oom_kill_of_another",
            _SOURCE,
            "an out-of-memory counter rose, but the kernel log, followed to the end, "
            "names no kill of this process",
        )
        return
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


def _was_another(case: Case) -> bool:
    """
    Tell that the kernel log was followed, names victims by our pids, and not us.

    A worker whose loss ended the program counts as the program.
    """
    process = case.process
    kernel = certificate_of(case).get("kernel") or {}
    if not isinstance(process, Process) or not process.pid_is_global:
        return False
    if not kernel.get("readable"):
        return False
    own = {worker.pid for worker in lost_workers(case)}
    return all(
        kill.pid is not None and kill.pid not in own and is_another(case, kill.pid)
        for kill in find_kills(case)
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
        "oom_kill_of_another",
    ),
    detect=detect,
    needs=("certificate",),
)
