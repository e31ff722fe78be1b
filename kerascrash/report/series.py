"""Readings prepared for a report: one line per quantity, thinned, no peak lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerascrash.model.case import Recording

Point = tuple[float, int]


def merged_points(recording: Recording, name: str) -> list[Point]:
    """Return all readings of that name in order of time, whoever took them."""
    points: set[Point] = set()
    for series in recording.series:
        if series.name == name:
            points.update(zip(series.times, series.values, strict=False))
    return sorted(points)


def series_names(recording: Recording) -> list[str]:
    """Return the names of all quantities that have readings, sorted."""
    return sorted({s.name for s in recording.series if s.times})


def thin(points: Sequence[Point], buckets: int) -> list[Point]:
    """
    Return at most ``4 * buckets`` of the points: per slice of time the first, lowest,
    highest and last, so that no peak and no gap is lost whatever the density.
    """
    if len(points) <= 4 * buckets:
        return list(points)
    start, end = points[0][0], points[-1][0]
    width = (end - start) / buckets or 1.0
    kept: list[Point] = []
    bucket: list[Point] = []
    index = 0
    for point in points:
        here = min(buckets - 1, int((point[0] - start) / width))
        if here != index:
            kept += _corners(bucket)
            bucket, index = [], here
        bucket.append(point)
    return kept + _corners(bucket)


def _corners(bucket: Sequence[Point]) -> list[Point]:
    if not bucket:
        return []
    low = min(bucket, key=lambda p: p[1])
    high = max(bucket, key=lambda p: p[1])
    return sorted({bucket[0], low, high, bucket[-1]})
