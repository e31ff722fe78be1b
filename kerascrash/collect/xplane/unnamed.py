"""
Tell allocations from frees where the file lost the names of its events.

By layout an event may be about memory; by what follows it is one or the other: after an
allocation the bytes in use are higher by its size, after a free lower. Each kind of
event is judged by the majority of its own kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from kerascrash.collect.xplane.memory_events import BY_POSITION

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


def tell_frees(events: list[tuple[int, Any]]) -> dict[int, bool]:
    """
    Return for each metadata id whether it frees; ids that cannot be told are left out.

    ``events`` are (time in ps, event).
    """
    by_allocator: dict[Any, list[tuple[int, Any]]] = defaultdict(list)
    for time, event in events:
        name = event.stats[0]
        key = (name.ref_value, name.str_value, name.int64_value)
        by_allocator[key].append((time, event))
    votes: dict[int, Counter[bool]] = defaultdict(Counter)
    for rows in by_allocator.values():
        rows.sort(key=lambda row: row[0])
        for (_, before), (_, event) in pairwise(rows):
            size = event.stats[_SIZE].int64_value
            change = event.stats[_USED].int64_value - before.stats[_USED].int64_value
            if size and abs(change) == size:
                votes[event.metadata_id][change < 0] += 1
    told = {}
    for kind, count in votes.items():
        (frees, most), *rest = count.most_common()
        if most >= _LEAST_VOTES and most >= _LEAST_MAJORITY * sum(n for _, n in rest):
            told[kind] = frees
    return told
