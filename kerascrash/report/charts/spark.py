"""Sparklines: how one object grew, in a box 100 wide and 20 high."""

from __future__ import annotations

from typing import Any

from kerascrash.report.plain import items, number

WIDTH, HEIGHT = 100, 20


def spark_path(history: Any) -> str:
    """Return an SVG path of [[step, Unix seconds, bytes], …], or "" when too short."""
    points = []
    for entry in items(history)[-64:]:
        cells = items(entry)
        x, y = (number(cells[1]), number(cells[2])) if len(cells) >= 3 else (None, None)
        if x is not None and y is not None:
            points.append((x, y))
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
