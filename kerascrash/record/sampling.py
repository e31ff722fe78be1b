"""A few elements of a container, by position, without iterating in Python over it."""

from __future__ import annotations

from itertools import islice

from kerascrash.record import kinds as k

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kerascrash.record.kinds import ClassInfo

SPREAD, TAIL, WIDE = 24, 8, 128
"""Elements sampled: over the whole, at the end, and when sizes turn out to differ."""
NESTED = ((SPREAD, TAIL), (8, 2), (4, 2), (2, 1))
"""Elements sampled of containers in containers, by depth."""


def positions(count: int, most: int) -> list[int]:
    """
    Return so many of the positions, in runs of neighbours over the whole.

    What a loop collects often comes in turns (three shapes, an image and its label).
    Single elements at equal distances may all be of one turn; a run has each of them,
    and one of twelve as many of each where the turns are 2, 3, 4, 6 or 12.
    """
    if count <= most:
        return [*range(count)]
    run = 12 if most >= WIDE else 3 if most >= SPREAD else 1
    runs = most // run
    starts = [i * (count - run + 1) // runs for i in range(runs)]
    return sorted({start + j for start in starts for j in range(run)})


def take(
    obj: Any, info: ClassInfo, where: Iterable[int], most: int, *, at_end: bool = False
) -> list[Any]:
    """
    Return elements by position, of sets and mappings those at the start or the end.

    Fewer come back when the container changes meanwhile.
    """
    base: Any = info.base
    found: list[Any] = []
    try:
        if info.kind == k.SEQUENCE:
            found.extend(base.__getitem__(obj, i) for i in where)
        elif info.kind == k.DEQUE:  # the middle of a deque is slow to reach
            found.extend(
                islice(base.__reversed__(obj) if at_end else base.__iter__(obj), most)
            )
        elif info.kind == k.SET:
            found.extend(() if at_end else islice(base.__iter__(obj), most))
        else:
            items = dict.items(obj)
            pairs = islice(reversed(items) if at_end else items, most)
            found.extend(part for pair in pairs for part in pair)
    except (IndexError, RuntimeError):
        pass
    return found
