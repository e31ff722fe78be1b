"""A curve in one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.model.evidence import Unavailable
from kerascrash.report.series import merged_points
from kerascrash.units import format_bytes, format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kerascrash.model.case import Case
    from kerascrash.report.series import Point

_LEVELS = "▁▂▃▄▅▆▇█"


def memory_line(case: Case, columns: int = 40) -> tuple[str, str]:
    """Return the process's memory over the run as blocks, and in words, or two ""."""
    if isinstance(case.recording, Unavailable):
        return "", ""
    points = merged_points(case.recording, "rss")
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return "", ""
    span = points[-1][0] - points[0][0]
    blocks = draw_blocks(points, columns)
    first, last = format_bytes(points[0][1]), format_bytes(points[-1][1])
    return blocks, f"memory of the process, {first} to {last} in {format_seconds(span)}"


def draw_blocks(points: Sequence[Point], columns: int) -> str:
    """Return the highest of each column's points, as a block of its height."""
    start, span = points[0][0], points[-1][0] - points[0][0]
    top = max(v for _, v in points) or 1
    highest = [-1] * columns
    for time, value in points:
        column = min(columns - 1, int(columns * (time - start) / span))
        highest[column] = max(highest[column], value)
    return "".join(
        " " if value < 0 else _LEVELS[min(7, 8 * value // (top + 1))]
        for value in highest
    )
