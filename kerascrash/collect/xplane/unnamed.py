"""
Tell allocations from frees where the file lost the names of its events.

By layout an event may be about memory; by what follows it is one or the other: after an
allocation the bytes in use are higher by its size, after a free lower. Each kind of
event is judged by the majority of its own kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from operator import itemgetter
from typing import Any

from kerascrash.collect.xplane.memory_layout import BY_POSITION

_USED, _SIZE = 2, 7
_LEAST_VOTES = 3
_LEAST_MAJORITY = 2  # to one


def looks_like_memory(event: Any) -> bool:
    """Tell whether the statistics lie as all known writers put those of memory."""
    stats = list(event.stats)[: len(BY_POSITION)]
    if len(stats) < len(BY_POSITION):
        return False
    name, *numbers = stats
    if not (name.ref_value or name.str_value or name.int64_value):
        return False
    if any(stat.ref_value or stat.str_value for stat in numbers):
        return False
    return bool(stats[_USED].int64_value > 0 and stats[_SIZE].int64_value >= 0)


Look = tuple[Any, int, int, int, int]
"""What is looked at: allocator, time in ps, kind of event, bytes in use, size."""


def look_at(begin_ps: int, event: Any) -> Look:
    """Return what tells an allocation from a free."""
    name, used, size = (event.stats[at] for at in (0, _USED, _SIZE))
    called = name.ref_value or name.str_value or -1 - name.int64_value
    time = begin_ps + event.offset_ps
    return called, time, event.metadata_id, used.int64_value, size.int64_value


def tell_frees(looks: list[Look]) -> dict[int, bool]:
    """
    Return for each metadata id whether it frees; ids that cannot be told are left out.
    """
    by_allocator: dict[Any, list[Look]] = defaultdict(list)
    for look in looks:
        by_allocator[look[0]].append(look)
    votes: dict[int, Counter[bool]] = defaultdict(Counter)
    for rows in by_allocator.values():
        rows.sort(key=itemgetter(1))
        for (_, _, _, before, _), (_, _, kind, used, size) in pairwise(rows):
            if size and abs(used - before) == size:
                votes[kind][used < before] += 1
    told = {}
    for kind, count in votes.items():
        (frees, most), *rest = count.most_common()
        if most >= _LEAST_VOTES and most >= _LEAST_MAJORITY * sum(n for _, n in rest):
            told[kind] = frees
    return told
