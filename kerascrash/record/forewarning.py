"""
A warning while there is time: one line, once, when steady growth will reach the limit.

Growth counts only when it is steady: over the whole window, each quarter higher than
the one before, by comparable amounts. Loading and warming up, which end, are not. A
cache that fills is, while it fills: so nothing is said of a time more than three times
as long as what was watched. A cache that takes up less than a quarter of what was free
is never announced, and of a leak there is still three quarters of the time left.
Nor is it said while the process only comes to use what it has asked for before (an
array made beforehand and filled row by row): that ends with what it asked for.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Point = tuple[float, int, int, int, int]

SHORTEST_S = 40.0
"""A window must be so long before anything is said."""
LONGEST_S = 300.0
WITHOUT_STEPS_S = 240.0
"""Where no step is made, data may be being loaded: that takes a while, and ends."""
FURTHEST = 3.0
"""Times the window."""
_LEAST_POINTS = 16
_LEAST_SHARE = 0.02  # of the limit: growth of the window that is worth a word
_UNEVEN = 2.5
_OWN, _ASKED = 0.5, 0.25
"""Shares: of what became scarce, what this process grew; of that, what it asked for."""


class Forewarning:
    """
    Collects (time, headroom, step, resident, virtual memory).

    ``outlook`` says when the limit is reached.
    """

    def __init__(self) -> None:
        self._points: deque[Point] = deque()
        self._stage: Any = None

    def note(
        self,
        now_s: float,
        headroom: int,
        step: int,
        stage: Any,
        *,
        rss: int = 0,
        vms: int = 0,
    ) -> None:
        """
        Add a point; a new stage begins a new window, for it has needs of its own.

        ``rss`` and ``vms`` are the process's; 0 where they are not known.
        """
        if stage is not self._stage:
            self._points.clear()
            self._stage = stage
        self._points.append((now_s, headroom, step, rss, vms))
        while now_s - self._points[0][0] > LONGEST_S:
            self._points.popleft()

    def outlook(self, limit: int) -> tuple[float, int] | None:
        """
        Return (seconds until the limit, step then or -1); None without steady growth.

        Steadiness is judged on quarters of the window, by their least headroom: what
        comes back at the end of a quarter was no growth.
        """
        points = list(self._points)
        if len(points) < _LEAST_POINTS:
            return None
        shortest = SHORTEST_S if points[-1][2] > points[0][2] else WITHOUT_STEPS_S
        if points[-1][0] - points[0][0] < shortest:
            return None
        size = len(points) // 4
        parts = [points[i * size : (i + 1) * size] for i in range(4)]
        levels = [max(point[1] for point in part) for part in parts]
        drops = [a - b for a, b in pairwise(levels)]
        if min(drops) <= 0 or max(drops) > _UNEVEN * min(drops):
            return None
        began, ended = parts[0][0], parts[3][-1]
        if sum(drops) < _LEAST_SHARE * limit or _was_asked_for(began, ended):
            return None
        seconds = ended[0] - began[0]
        rate = (began[1] - ended[1]) / seconds
        left = ended[1] / rate if rate > 0 else float("inf")
        if left > FURTHEST * seconds:
            return None
        steps_per_s = (ended[2] - began[2]) / seconds
        step = ended[2] + int(left * steps_per_s) if steps_per_s > 0 else -1
        return left, step


def _was_asked_for(began: Point, ended: Point) -> bool:
    """Return whether the process uses what it had asked for before the window."""
    scarcer, grown = began[1] - ended[1], ended[3] - began[3]
    return grown > _OWN * scarcer and ended[4] - began[4] < _ASKED * grown
