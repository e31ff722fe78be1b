"""
Replay an allocator's events: the peak, and what was alive there.

Allocations are matched to their frees by address over the whole window. That is what
the converters of the profiler do not do: they list only what the step of the peak
allocated, and call everything older "unused preallocated device memory".
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from kerascrash.collect.xplane.memory_events import FIELDS, Column
from kerascrash.model.trace import LiveGroup

Live = dict[int, tuple[int, int, int, int]]
"""What is alive by address: group, bytes given, bytes asked for, since when in ps."""
TIMELINE_POINTS = 600
MOST_GROUPS = 60
MOST_STEPS = 120
_NEVER = 1 << 63
_FREED = -1
_GROUP, _USED, _RESERVED, _FREE, _PEAK, _ASKED, _SIZE, _ADDRESS = range(1, FIELDS)


class Replayed:
    """What the replay found; times in ps as in the events, sizes in bytes."""

    def __init__(self) -> None:
        self.peak = self.peak_ps = self.reserved = self.lifetime = 0
        self.capacity: int | None = None
        self.fragmentation: float | None = None
        self.live: tuple[LiveGroup, ...] = ()
        self.alive: dict[int, tuple[int, int]] = {}
        self.live_bytes = self.live_count = 0
        self.step_bytes: int | None = None
        self.allocations = self.frees = self.unmatched = 0
        self.final: int | None = None
        self.kept: tuple[LiveGroup, ...] = ()
        self.timeline: list[tuple[int, int]] = []
        self.steps: list[tuple[int, int, int]] = []
        self.counts: list[dict[int, int]] = []
        self.sizes: dict[int, int] = {}


def replay(
    column: Column, boundaries: Sequence[int], begins: Sequence[int] = ()
) -> Replayed:
    """
    Return what happened; ``boundaries`` are times in ps, ascending, between steps.

    ``begins`` are the begins of all steps.
    ``counts`` are the live allocations per group at each boundary and at the end,
    ``alive`` the bytes given and asked for of each group at the peak, ``sizes`` the
    least that a group's allocations were given: the pool hands out more where a rest
    is not worth splitting.
    """
    rows, total = column.rows, len(column)
    times, groups = rows[0::FIELDS], rows[_GROUP::FIELDS]
    asked, sizes = rows[_ASKED::FIELDS], rows[_SIZE::FIELDS]
    addresses = rows[_ADDRESS::FIELDS]
    order = sorted(range(total), key=times.__getitem__)
    found = Replayed()
    top = _find_peak(column, order, found, begins)
    live: Live = {}
    counts: dict[int, int] = {}
    least = found.sizes
    edges = iter((*boundaries, _NEVER))
    edge = next(edges)
    for index in order:
        time, group, address = times[index], groups[index], addresses[index]
        while time >= edge:
            found.counts.append(counts.copy())
            edge = next(edges)
        old = live.pop(address, None)
        if old is not None:
            _count_less(counts, old[0])
        elif group < 0:
            found.unmatched += 1
        if group >= 0:
            size = sizes[index]
            live[address] = (group, size, asked[index], time)
            counts[group] = counts.get(group, 0) + 1
            if size <= least.get(group, size):
                least[group] = size
        if index == top:
            _keep_live(column, live, boundaries, found)
    while edge != _NEVER:
        found.counts.append(counts.copy())
        edge = next(edges)
    found.counts.append(counts)
    found.frees = groups.count(_FREED)
    found.allocations = total - found.frees
    found.kept = tuple(_group(column, live)[0])
    return found


def _count_less(counts: dict[int, int], group: int) -> None:
    """Count one less; what is gone is left out, so that copies stay small."""
    left = counts[group] - 1
    if left:
        counts[group] = left
    else:
        del counts[group]


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
