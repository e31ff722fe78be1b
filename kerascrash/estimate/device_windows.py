"""
What grows from window to window: short windows, each of a few steps, far apart.

A window of two steps cannot show growth by itself: what it allocated and did not free
may be freed in the next step. If each window keeps as many tensors of a kind as it has
steps, and the pool is fuller at the end of each than at the end of the one before,
they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kerascrash.model.trace import AllocatorMemory, GrowingGroup, LiveGroup

_FEWEST_WINDOWS = 2
_LEAST_BYTES = 1 << 20
_LEAST_SHARE = 0.01
_Key = tuple[str, str, str]


def begin_of(memory: AllocatorMemory) -> float:
    """Return when the window of this memory began, in Unix seconds."""
    first = memory.steps[:1] or memory.timeline[:1]
    return first[0][0] if first else 0.0


def growing_over(windows: Sequence[AllocatorMemory]) -> tuple[GrowingGroup, ...]:
    """Return what grew over windows in order of time, biggest first."""
    ends = [one.final_bytes or 0 for one in windows]
    if len(ends) < _FEWEST_WINDOWS or not all(a < b for a, b in pairwise(ends)):
        return ()
    kept = [_kept(one) for one in windows]
    common = [key for key in kept[-1] if all(key in one for one in kept)]
    last = {key: kept[-1][key] for key in common}
    together = sum(one.bytes for one in last.values())
    if not together:
        return ()
    grown = [
        _grown(one, one.bytes / together, ends, len(windows[-1].steps))
        for one in last.values()
    ]
    least = max(_LEAST_BYTES, _LEAST_SHARE * windows[-1].peak_bytes)
    found = [one for one in grown if one.group.bytes >= least]
    return tuple(sorted(found, key=lambda one: -one.group.bytes))


def _kept(window: AllocatorMemory) -> dict[_Key, LiveGroup]:
    """Return what the window kept, one of a kind at least for each of its steps."""
    fewest = max(len(window.steps), 1)
    joined: dict[_Key, LiveGroup] = {}
    for one in window.kept:
        key = (one.op, one.shape, one.dtype)
        old = joined.get(key, LiveGroup(*key, 0, 0))
        joined[key] = LiveGroup(
            *key,
            old.count + one.count,
            old.bytes + one.bytes,
            old.requested_bytes + one.requested_bytes,
            one.region,
        )
    return {key: one for key, one in joined.items() if one.count >= fewest}


def _grown(
    last: LiveGroup, share: float, ends: Sequence[int], steps: int
) -> GrowingGroup:
    """Return the group with its share of what the pool grew by, a lower bound."""
    size = last.bytes / last.count
    sizes = [(end - ends[0]) * share + last.bytes for end in ends]
    counts = [round(one / size) for one in sizes]
    group = LiveGroup(
        last.op,
        last.shape,
        last.dtype,
        counts[-1],
        round(sizes[-1]),
        round(counts[-1] * last.requested_bytes / last.count),
        last.region,
    )
    rate = last.bytes / max(steps, 1)
    return GrowingGroup(group, tuple(counts), rate, certain=steps > 0)
