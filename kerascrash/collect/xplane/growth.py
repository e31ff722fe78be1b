"""
Which groups of allocations grow from step to step and are never freed.

A group grows when its live count rises at most step boundaries and hardly ever falls:
what a model allocates once (weights, optimizer slots) rises once, what a step allocates
for itself is gone at its end.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from kerascrash.collect.xplane.memory_events import Column
from kerascrash.collect.xplane.replay import Replayed, make_group
from kerascrash.model.trace import GrowingGroup

MOST_BOUNDARIES = 40
FEWEST_STEPS = 3
PARTS = 8
_RISES = 0.6  # of the intervals, at least
_FALLS = 0.15  # of the intervals, at most
_LEAST_BYTES = 1 << 20
_LEAST_SHARE = 0.01
_MOST_SHOWN = 20


def choose_boundaries(
    step_begins: list[int], first_ps: int, last_ps: int
) -> tuple[list[int], int]:
    """Return times between steps and how many steps apart; 0 for mere equal parts."""
    if len(step_begins) >= FEWEST_STEPS:
        stride = -(-len(step_begins) // MOST_BOUNDARIES)
        return step_begins[::stride], stride
    span = last_ps - first_ps
    return [first_ps + span * i // PARTS for i in range(1, PARTS)], 0


def growing_groups(
    column: Column, found: Replayed, stride: int
) -> tuple[GrowingGroup, ...]:
    """
    Return the groups that grow, biggest first.

    ``stride`` is how many steps lie between two boundaries, 0 where no step is known.
    """
    # Before the first step ends, everything grows.
    counts = found.counts[1:] if len(found.counts) > FEWEST_STEPS + 1 else found.counts
    if len(counts) < FEWEST_STEPS:
        return ()
    merged = _merge_names(column, counts)
    grown = []
    for key, (group, row) in merged.items():
        if not _rises(row):
            continue
        size = _size_of(column, found, key)
        risen = (row[-1] - row[0]) * size
        if risen < max(_LEAST_BYTES, _LEAST_SHARE * found.peak):
            continue
        alive = [one for one in found.live if (one.op, one.shape, one.dtype) == key]
        last = make_group(
            column,
            group,
            row[-1],
            sum(one.bytes for one in alive) or row[-1] * size,
            sum(one.requested_bytes for one in alive),
        )
        # The last step may have died half way.
        rate = (row[-2] - row[0]) / (len(row) - 2) * size / max(stride, 1)
        grown.append(GrowingGroup(last, tuple(row), rate, certain=stride > 0))
    grown.sort(key=lambda one: -one.group.bytes)
    return tuple(grown[:_MOST_SHOWN])


_Key = tuple[str, str, str]


def _merge_names(
    column: Column, counts: list[Counter[int]]
) -> dict[_Key, tuple[int, list[int]]]:
    """Join groups that differ in their region only; return one id and the counts."""
    merged: dict[_Key, tuple[int, list[int]]] = {}
    for group, names in enumerate(column.groups):
        key = names[:3]
        row = [one[group] for one in counts]
        if key in merged:
            row = [a + b for a, b in zip(merged[key][1], row, strict=True)]
        merged[key] = (merged[key][0] if key in merged else group, row)
    return merged


def _size_of(column: Column, found: Replayed, key: _Key) -> int:
    sizes = (found.sizes.get(g, 0) for g, n in enumerate(column.groups) if n[:3] == key)
    return max(sizes, default=0)


def _rises(row: list[int]) -> bool:
    changes = [after - before for before, after in pairwise(row)]
    rises = sum(change > 0 for change in changes)
    falls = sum(change < 0 for change in changes)
    return (
        row[-1] - row[0] >= 2
        and rises >= _RISES * len(changes)
        and falls <= _FALLS * len(changes)
    )
