"""
What the process's own descendants held.

The kernel counts a page that a fork shares once for each process that maps it. So what
was read of them together is an upper bound, and so is what was in use besides the
process itself: in its container, else on the machine.
"""

from __future__ import annotations

from kerascrash.estimate.resident import last_reading
from kerascrash.model.case import Case


def held_by_children(case: Case) -> int:
    """Return the bytes that descendants held at death, 0 where none were seen."""
    children = last_reading(case, "children_rss") or 0
    if children <= 0:
        return 0
    others = _in_use_besides(case)
    return children if others is None else max(0, min(children, others))


def shared_unmapped(case: Case) -> int:
    """
    Return bytes of the process's own container that no process of it maps.

    Shared memory that a worker has filled and let go of, on its way to its reader; 0
    outside a container, where others' memory cannot be told from it.
    """
    limit = last_reading(case, "cgroup_limit")
    others = _in_use_besides(case)
    if others is None or limit is None or limit <= 0:
        return 0
    return max(0, others - (last_reading(case, "children_rss") or 0))


def _in_use_besides(case: Case) -> int | None:
    own = last_reading(case)
    if own is None:
        return None
    limit = last_reading(case, "cgroup_limit")
    free = last_reading(case, "cgroup_headroom")
    if limit is None or free is None or limit <= 0:
        limit = last_reading(case, "host_total")
        free = last_reading(case, "host_available")
    return None if limit is None or free is None else limit - free - own
