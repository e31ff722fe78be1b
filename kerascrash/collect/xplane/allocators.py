"""From an allocator's events to what the diagnosis uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerascrash.collect.allocator_names import device_of
from kerascrash.collect.xplane.growth import choose_boundaries, growing_groups
from kerascrash.collect.xplane.memory_events import FIELDS, Column, drop_nonsense
from kerascrash.collect.xplane.replay import replay
from kerascrash.model.trace import AllocatorMemory


def build_allocators(
    columns: Mapping[str, Column],
    step_begins: list[int],
    seconds: Callable[[int], float],
    host: str,
    confidence: float,
    kind: str = "TPU",
) -> tuple[AllocatorMemory, ...]:
    """
    Return every allocator's memory, the highest peak first.

    ``kind`` of device is what allocators without a name belong to.
    """
    built = [
        _build(name, column, step_begins, seconds, host, confidence, kind)
        for name, column in columns.items()
        if len(column)
    ]
    return tuple(sorted(built, key=lambda one: (-one.peak_bytes, one.name)))


def _build(
    name: str,
    column: Column,
    step_begins: list[int],
    seconds: Callable[[int], float],
    host: str,
    confidence: float,
    kind: str,
) -> AllocatorMemory:
    if confidence < 1.0:
        drop_nonsense(column)
    times = column.rows[0::FIELDS]
    first, last = min(times), max(times)
    inside = [time for time in step_begins if first <= time <= last]
    boundaries, stride = choose_boundaries(inside, first, last)
    found = replay(column, boundaries, step_begins)
    return AllocatorMemory(
        name=name,
        device=device_of(name, kind),
        peak_bytes=found.peak,
        capacity_bytes=found.capacity,
        lifetime_peak_bytes=found.lifetime,
        fragmentation=found.fragmentation,
        reserved_bytes=found.reserved,
        before_window_bytes=max(0, found.peak - found.reserved - found.live_bytes),
        step_bytes=found.step_bytes if stride else None,
        peak_time=seconds(found.peak_ps),
        live_count=found.live_count,
        live=found.live,
        growing=growing_groups(column, found, stride),
        kept=found.kept,
        timeline=tuple((seconds(time), used) for time, used in found.timeline),
        steps=tuple((seconds(time), high, last) for time, high, last in found.steps),
        allocations=found.allocations,
        deallocations=found.frees,
        unmatched_frees=found.unmatched,
        final_bytes=found.final,
        confidence=min(confidence, 0.5) if column.guessed else confidence,
        host=host,
    )
