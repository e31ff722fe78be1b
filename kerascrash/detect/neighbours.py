"""
Observe memory that others had taken when this process died.

Usage of a cgroup counts page cache too, which the kernel reclaims before it kills; what
is compared here is usage without it. A process of one's own tree is not a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.limits import cgroup_limit, limited_levels
from kerascrash.estimate.resident import (
    certificate_of,
    last_reading,
    resident_in_kernel_line,
)
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Process
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_NEARLY_FULL = 0.6
_HOST_LOW = 0.1
_OWN_SHARE = 0.6


def detect(case: Case) -> Iterator[Finding]:
    """Yield whether the process or its neighbours filled the cgroup or the machine."""
    last = last_reading(case)
    if recording_of(case) is None or last is None:
        return
    # Pages of libraries are shared, and charged to whoever touched them first.
    anonymous = last_reading(case, "anon")
    if anonymous is not None:
        last = anonymous + (last_reading(case, "shmem") or 0)
    children = last_reading(case, "children_rss") or 0
    limit, headroom = cgroup_limit(case), last_reading(case, "cgroup_headroom")
    counted = resident_in_kernel_line(case)
    if counted is not None and any(level.is_proven for level in limited_levels(case)):
        # Both figures are of the same instant: the kernel killed at the limit.
        level = next(level for level in limited_levels(case) if level.is_proven)
        own = (counted.bytes if anonymous is None else counted.private) + children
        yield from _compare(case, own, level.limit, "container")
    elif limit is not None and headroom is not None:
        used = limit - max(headroom, 0)
        if used >= _NEARLY_FULL * limit:
            yield from _compare(case, last + children, used, "container")
    total, free = last_reading(case, "host_total"), last_reading(case, "host_available")
    if total and free is not None and free < _HOST_LOW * total:
        yield from _compare(case, last + children, total - free, "machine")


def _compare(case: Case, own: int, used: int, where: str) -> Iterator[Finding]:
    share = own / used
    known = {"own": own, "used": used}
    if share >= _OWN_SHARE:
        text = (
            f"{format_bytes(own)} of {format_bytes(used)} in the {where} were its own"
        )
        yield note("own_memory_fills", "dump:samples", text, share, **known)
        return
    others = _others(case, where == "container")
    named = f", most of it {others}" if others else ""
    yield note(
        "neighbour_fills",
        "dump:certificate" if others else "dump:samples",
        f"{format_bytes(used - own)} of the {format_bytes(used)} used in the {where} "
        f"belonged to other processes{named}",
        1.0 - share,
        who=others,
        **known,
    )


def _others(case: Case, same_cgroup: bool) -> str:
    """Return the biggest other process, as ``python (pid 4711, 1.1 GiB)``."""
    family = {
        one.process.pid
        for one in (case, *case.children)
        if isinstance(one.process, Process)
    }
    for row in certificate_of(case).get("biggest") or []:
        if row.get("pid") in family:
            continue
        if same_cgroup and not row.get("same_cgroup"):
            continue
        size = format_bytes(row.get("rss") or 0)
        return f"{row.get('comm') or '?'} (pid {row.get('pid')}, {size})"
    return ""


DETECTOR = Detector(
    id="neighbours",
    finds=("own_memory_fills", "neighbour_fills"),
    detect=detect,
    needs=("recording",),
)
