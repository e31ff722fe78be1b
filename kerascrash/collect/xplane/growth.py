"""
Which groups of allocations grow from step to step and are never freed.

A group grows when its live count rises at most step boundaries and hardly ever falls:
what a model allocates once (weights, optimizer slots) rises once, what a step allocates
for itself is gone at its end.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from operator import mul

from kerascrash.collect.xplane.memory_events import Column
from kerascrash.collect.xplane.replay import Replayed
from kerascrash.model.trace import GrowingGroup, LiveGroup

VARIOUS = "[…]"  # shapes that differ
MOST_BOUNDARIES = 40
FEWEST_STEPS = 3
PARTS = 8
_RISES = 0.6  # of the intervals, at least
_FALLS = 0.15  # of the intervals, at most
_LEAST_BYTES = 1 << 20
_LEAST_SHARE = 0.01
_LEAST_RISE = 2
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
    joined = _join_names(column, counts)
    grown = _grown(column, found, joined, stride)
    # Sequences have another length at each step: what is kept shows by its op alone.
    named = {one.group.op for one in grown}
    various = {k: rows for k, rows in _join_shapes(joined).items() if k[0] not in named}
    grown += _grown(column, found, various, stride)
    grown.sort(key=lambda one: -one.group.bytes)
    return tuple(grown[:_MOST_SHOWN])


_Key = tuple[str, str, str]
_Joined = dict[_Key, dict[int, list[int]]]
"""Op, shape and dtype to the counts at each boundary of the groups that have them."""


def _join_names(column: Column, counts: list[dict[int, int]]) -> _Joined:
    """Join groups that differ in their region or size only."""
    joined: _Joined = {}
    for group in sorted(set().union(*counts)):
        names = column.groups[group]
        row = [one.get(group, 0) for one in counts]
        joined.setdefault(names[:3], {})[group] = row
    return joined


def _join_shapes(joined: _Joined) -> _Joined:
    """Join what one op made in several shapes; ops without a name stay apart."""
    wider: _Joined = {}
    shapes: Counter[_Key] = Counter()
    for (op, shape, dtype), rows in joined.items():
        if op and shape:
            shapes[op, VARIOUS, dtype] += 1
            wider.setdefault((op, VARIOUS, dtype), {}).update(rows)
    return {key: rows for key, rows in wider.items() if shapes[key] > 1}


def _grown(
    column: Column, found: Replayed, joined: _Joined, stride: int
) -> list[GrowingGroup]:
    grown = []
    for (op, shape, dtype), rows in joined.items():
        edges = list(zip(*rows.values(), strict=True))
        if sum(edges[-1]) - sum(edges[0]) < _LEAST_RISE:
            continue
        row = [sum(counts) for counts in edges]
        if not _rises(row):
            continue
        sizes = [found.sizes.get(group, 0) for group in rows]
        held = [sum(map(mul, sizes, counts)) for counts in edges]
        if held[-1] - held[0] < max(_LEAST_BYTES, _LEAST_SHARE * found.peak):
            continue
        region = column.groups[next(iter(rows))][3]
        alive = [found.alive[group] for group in rows if group in found.alive]
        last = LiveGroup(
            op,
            shape,
            dtype,
            row[-1],
            sum(size for size, _ in alive) or held[-1],
            sum(asked for _, asked in alive),
            region,
        )
        # The last step may have died half way.
        rate = (held[-2] - held[0]) / (len(row) - 2) / max(stride, 1)
        grown.append(GrowingGroup(last, tuple(row), rate, certain=stride > 0))
    return grown


def _rises(row: list[int]) -> bool:
    changes = [after - before for before, after in pairwise(row)]
    rises = sum(change > 0 for change in changes)
    falls = sum(change < 0 for change in changes)
    return rises >= _RISES * len(changes) and falls <= _FALLS * len(changes)
