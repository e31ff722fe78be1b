"""What the runs were allowed: memory, processes, files, shared memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kerascrash.compare.recorded import blob, mapping, whole
from kerascrash.compare.runs import charged_peak
from kerascrash.compare.weights import ASIDE, SETTING, of_bytes, of_text
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.model.comparison import Difference, Part, Value
from kerascrash.model.verdict import Diagnosis

_GROUP = "limits"
_UNLIMITED = "unlimited"
_SIZES = frozenset({"RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_FSIZE"})


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    yield from _container(a, b)
    one, two = blob(a, "limits"), blob(b, "limits")
    if not one or not two:
        return
    soft, other = mapping(one.get("rlimits")), mapping(two.get("rlimits"))
    for name in sorted({*soft, *other}):
        old, new = _soft(soft.get(name)), _soft(other.get(name))
        sized = name in _SIZES and isinstance(old, int) and isinstance(new, int)
        for found in of_text(_GROUP, str(name), old, new):
            yield Difference(
                _GROUP, found.name, old, new, "bytes" if sized else "", SETTING
            )
    for key, name in (("pids_max", "processes"), ("overcommit", "overcommit"),
                      ("thp", "transparent huge pages")):  # fmt: skip
        yield from of_text(
            _GROUP, name, _told(one.get(key)), _told(two.get(key)), ASIDE
        )
    shared, others = (whole(mapping(e.get("dev_shm")).get("total")) for e in (one, two))
    if shared and others:
        yield from of_bytes(_GROUP, "/dev/shm", (shared, others), max(shared, others))


def _container(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    """Tell another limit; it weighs most where the run with more room has used it."""
    old, new = cgroup_limit(a.case), cgroup_limit(b.case)
    if old == new:
        return
    lower = min(limit for limit in (old, new) if limit is not None)
    freer = b if old == lower else a
    needed = charged_peak(freer.case)
    weight = 1.0 if needed is not None and needed > lower else SETTING
    yield Difference(
        _GROUP, "container memory", old or "none", new or "none", "bytes", weight
    )


def _soft(pair: Any) -> Value:
    first = pair[0] if isinstance(pair, (list, tuple)) and pair else None
    return _told(first)


def _told(value: Any) -> Value:
    if value == -1:
        return _UNLIMITED
    return value if isinstance(value, (int, str)) else None


PART = Part("limits", "limits", _compare)
