"""
Growth of every name: its history, thinned out, and robust slopes from it.

The slope is Theil and Sen's: the median of the slopes between all pairs of the last
points, so one outlier (a cache filled, an epoch's end) does not make a leak.
"""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

POINTS, SLOPE_POINTS = 32, 10
KEYS = 2000
QUIET_POINTS = 4
"""A name that never grew keeps so few points."""
STANDING_S = 2.0
"""A step that lasts has a point each so often: where no steps are counted any more
(a loop of ``predict`` after the training), growth is in seconds."""


class Track:
    """Points ``(step, unix seconds, bytes, count)`` of one name, oldest first."""

    __slots__ = ("holders", "points", "rises", "scan")

    def __init__(self) -> None:
        self.points: list[tuple[int, float, int, int]] = []
        self.rises = 0
        self.scan = 0
        self.holders = 0

    def note(
        self,
        step: int,
        now: float,
        size: int,
        count: int,
        *,
        holders: int = 1,
        partly: bool = False,
    ) -> None:
        """
        Add a point; of a step there is the newest, and earlier ones if it lasts.

        ``holders``: the instances that were summed up; ``partly``: there may be more,
        and the point counts only if there are as many as before.
        """
        if partly and holders < self.holders:
            return
        self.holders = holders
        points = self.points
        if points and (size > points[-1][2] or count > points[-1][3]):
            self.rises += 1
        same_step = len(points) > 1 and step >= 0 and points[-1][0] == step
        if same_step and points[-1][1] - points[-2][1] < STANDING_S:
            points.pop()
        points.append((step, now, size, count))
        most = POINTS if self.rises > 1 else QUIET_POINTS
        if len(points) > most:
            _thin(points, SLOPE_POINTS if most == POINTS else 2)

    def per_step(self, column: int = 2) -> float | None:
        """
        Return the slope per step of bytes (column 2) or count (3).

        What rose once at most, rose by a jump: that is no growth.
        """
        usable = list({p[0]: p for p in self.points if p[0] >= 0}.values())
        if self.rises < 2 and len(usable) > 2:
            return 0.0
        return _slope(usable, 0, column) if len(usable) > 1 else None

    def per_second(self) -> float | None:
        """Return the slope of bytes per second."""
        if self.rises < 2 and len(self.points) > 2:
            return 0.0
        return _slope(self.points, 1, 2)

    def is_growing(self) -> bool:
        """Return whether the last points go up, on the whole."""
        last = self.points[-SLOPE_POINTS:]
        if self.rises < 2 or len(last) < 3:
            return False
        up = sum(b[2] > a[2] or b[3] > a[3] for a, b in pairwise(last))
        return up >= max(2, (len(last) - 1) // 2)

    def count_rises(self) -> bool:
        """Return whether the number of elements has gone up more than once."""
        counts = [p[3] for p in self.points]
        return sum(b > a for a, b in pairwise(counts)) > 1

    def history(self) -> list[list[Any]]:
        """Return the points as the inventory blob has them."""
        return [[step, round(now, 3), size] for step, now, size, _ in self.points]


class Growth:
    """The tracks of all names, by key; the stalest go when there are too many."""

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}
        self._scan = 0

    def begin(self) -> None:
        """Begin a scan."""
        self._scan += 1
        if len(self._tracks) > KEYS:
            keep = sorted(self._tracks, key=lambda key: self._tracks[key].scan)
            for key in keep[: KEYS // 4]:
                del self._tracks[key]

    def of(self, key: str) -> Track:
        """Return the track of a name, new if need be."""
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = Track()
        track.scan = self._scan
        return track


def _thin(points: list[Any], tail: int) -> None:
    """Remove one of the older points: the one that is closest to its neighbours."""
    gaps = [
        (points[i + 1][1] - points[i - 1][1], i) for i in range(1, len(points) - tail)
    ]
    del points[min(gaps)[1] if gaps else 1]


def _slope(points: list[Any], x: int, y: int) -> float | None:
    last = points[-SLOPE_POINTS:]
    if len(last) < 3:
        return None
    slopes = [
        (b[y] - a[y]) / (b[x] - a[x])
        for i, a in enumerate(last)
        for b in last[i + 1 :]
        if b[x] > a[x]
    ]
    if not slopes:
        return None
    slopes.sort()
    middle = len(slopes) // 2
    if len(slopes) % 2:
        return float(slopes[middle])
    return float(slopes[middle - 1] + slopes[middle]) / 2
