"""Sparklines: how one object grew, in a box 100 wide and 20 high."""

from __future__ import annotations

from typing import Any

from kerascrash.report.plain import items, number
from kerascrash.units import format_bytes

WIDTH, HEIGHT = 100, 20


def spark_words(history: Any) -> str:
    """Return what the curve says: ``: from 4.0 MiB to 1.2 GiB``, or ""."""
    sizes = [y for _, y in _points(history)]
    if len(sizes) < 2:
        return ""
    first, last = format_bytes(sizes[0]), format_bytes(sizes[-1])
    return f": {last} all along" if first == last else f": from {first} to {last}"


def spark_path(history: Any) -> str:
    """Return an SVG path of [[step, Unix seconds, bytes], …], or "" when too short."""
    points = _points(history)
    if len(points) < 2:
        return ""
    start, span = points[0][0], points[-1][0] - points[0][0]
    top = max(y for _, y in points)
    if span <= 0 or top <= 0:
        return ""
    return "M" + "L".join(
        f"{WIDTH * (x - start) / span:.1f} {HEIGHT * (1 - y / top):.1f}"
        for x, y in points
    )


def _points(history: Any) -> list[tuple[float, float]]:
    points = []
    for entry in items(history)[-64:]:
        cells = items(entry)
        x, y = (number(cells[1]), number(cells[2])) if len(cells) >= 3 else (None, None)
        if x is not None and y is not None:
            points.append((x, y))
    return points
