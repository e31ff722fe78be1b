"""
Replay an allocator's events: the peak, and what was alive there.

Allocations are matched to their frees by address over the whole window. That is what
the converters of the profiler do not do: they list only what the step of the peak
allocated, and call everything older "unused preallocated device memory".
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kerascrash.collect.xplane.memory_events import FIELDS, Column
from kerascrash.model.trace import LiveGroup

Live = dict[int, tuple[int, int, int, int]]
"""What is alive by address: group, bytes given, bytes asked for, since when in ps."""
TIMELINE_POINTS = 600
MOST_GROUPS = 60
MOST_STEPS = 120
_NEVER = 1 << 63
_GROUP, _USED, _RESERVED, _FREE, _PEAK, _ASKED, _SIZE, _ADDRESS = range(1, FIELDS)


@dataclass(slots=True)
class Replayed:
    """What the replay found; times in ps as in the events, sizes in bytes."""

    peak: int = 0
    peak_ps: int = 0
    reserved: int = 0
    capacity: int | None = None
    lifetime: int = 0
    fragmentation: float | None = None
    live: tuple[LiveGroup, ...] = ()
    alive: dict[int, tuple[int, int]] = field(default_factory=dict)
    live_bytes: int = 0
    live_count: int = 0
    step_bytes: int | None = None
    allocations: int = 0
    frees: int = 0
    unmatched: int = 0
    final: int | None = None
    kept: tuple[LiveGroup, ...] = ()
    timeline: list[tuple[int, int]] = field(default_factory=list)
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    counts: list[Counter[int]] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)


def replay(
    column: Column, boundaries: Sequence[int], begins: Sequence[int] = ()
) -> Replayed:
    """
    Return what happened; ``boundaries`` are times in ps, ascending, between steps.

    ``begins`` are the begins of all steps.
    ``counts`` are the live allocations per group at each boundary and at the end,
    ``alive`` the bytes given and asked for of each group at the peak.
    """
    rows, total = column.rows, len(column)
    order = sorted(range(total), key=rows[0::FIELDS].__getitem__)
    found = Replayed()
    top = _find_peak(column, order, found, begins)
    live: Live = {}
    counts: Counter[int] = Counter()
    edges = iter((*boundaries, None))
    edge = next(edges)
    for index in order:
        begin = index * FIELDS
        time, group = rows[begin], rows[begin + _GROUP]
        while edge is not None and time >= edge:
            found.counts.append(counts.copy())
            edge = next(edges)
        address = rows[begin + _ADDRESS]
        old = live.pop(address, None)
        if old is not None:
            counts[old[0]] -= 1
        if group >= 0:
            size = rows[begin + _SIZE]
            live[address] = (group, size, rows[begin + _ASKED], time)
            counts[group] += 1
            # The least: the pool hands out more where a rest is not worth splitting.
            found.sizes[group] = min(size, found.sizes.get(group, size))
            found.allocations += 1
        else:
            found.frees += 1
            found.unmatched += old is None
        if index == top:
            _keep_live(column, live, boundaries, found)
    while edge is not None:
        found.counts.append(counts.copy())
        edge = next(edges)
    found.counts.append(counts)
    found.kept = tuple(_group(column, live)[0])
    return found


def _find_peak(
    column: Column, order: list[int], found: Replayed, begins: Sequence[int]
) -> int:
    """Fill in the highest moment and the course; return the index of that event."""
    rows = column.rows
    used, reserved = rows[_USED::FIELDS], rows[_RESERVED::FIELDS]
    free, peaks = rows[_FREE::FIELDS], rows[_PEAK::FIELDS]
    in_use = [u + r for u, r in zip(used, reserved, strict=True)]
    top = max(order, key=in_use.__getitem__)
    found.peak, found.reserved = in_use[top], reserved[top]
    found.peak_ps = rows[top * FIELDS]
    # What is left at the moment of the peak counts the reservation as taken.
    found.capacity = (
        used[top] + reserved[top] + free[top] if free[top] or used[top] else None
    )
    part = column.fragmentation[top]  # not a number while the pool is empty
    found.fragmentation = part if math.isfinite(part) else None
    found.lifetime = max(peaks)
    found.final = in_use[order[-1]]
    course = [(rows[i * FIELDS], in_use[i]) for i in order]
    found.timeline, found.steps = _thin(course), _by_step(course, begins)
    return top


def _thin(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return at most TIMELINE_POINTS: of each slice the highest, and the last."""
    if len(points) <= TIMELINE_POINTS:
        return points
    stride = -(-len(points) // (TIMELINE_POINTS - 1))
    kept = [
        max(points[i : i + stride], key=lambda point: point[1])
        for i in range(0, len(points), stride)
    ]
    return [*kept, points[-1]] if kept[-1] != points[-1] else kept


def _by_step(
    course: list[tuple[int, int]], begins: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Return (begin, highest use, use at the end) of each step or few steps."""
    stride = -(-len(begins) // MOST_STEPS) or 1
    edges = [*begins[::stride], _NEVER]
    found = []
    at = bisect_left(course, (edges[0], -1))
    for begin, end in pairwise(edges):
        stop = bisect_left(course, (end, -1), at)
        uses = [use for _, use in course[max(at - 1, 0) : stop]]
        if uses:
            found.append((begin, max(uses), uses[-1]))
        at = stop
    return found


def _keep_live(
    column: Column, live: Live, boundaries: Sequence[int], found: Replayed
) -> None:
    """Note what is alive now by op, shape and dtype."""
    groups, found.alive = _group(column, live)
    begun = max((b for b in boundaries if b <= found.peak_ps), default=None)
    if begun is not None:
        sizes = (size for _, size, _, time in live.values() if time >= begun)
        found.step_bytes = sum(sizes)
    found.live = tuple(groups)
    found.live_bytes = sum(size for size, _ in found.alive.values())
    found.live_count = len(live)


def _group(
    column: Column, live: Live
) -> tuple[list[LiveGroup], dict[int, tuple[int, int]]]:
    """Return what is alive in the biggest groups, and bytes by every group's number."""
    by_group: dict[int, list[int]] = {}
    for group, size, asked, _ in live.values():
        row = by_group.get(group)
        if row is None:
            by_group[group] = [1, size, asked]
        else:
            row[0] += 1
            row[1] += size
            row[2] += asked

    def order(group: int) -> tuple[int, str, str]:
        op, shape, *_ = column.groups[group]
        return -by_group[group][1], op, shape

    biggest = sorted(by_group, key=order)[:MOST_GROUPS]
    groups = [_make_group(column, group, *by_group[group]) for group in biggest]
    return groups, {g: (size, asked) for g, (_, size, asked) in by_group.items()}


def _make_group(
    column: Column, group: int, count: int, size: int, asked: int
) -> LiveGroup:
    """Return a group with its names."""
    op, shape, dtype, region = column.groups[group]
    return LiveGroup(op, shape, dtype, count, size, asked, region)
