"""Rows of a timeline: quantities that share a scale, with what they say in words."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.report.charts.curves import Line, draw_lines, y_of
from kerascrash.report.charts.row_kinds import RowKind, kinds_for
from kerascrash.report.charts.scale import byte_ticks
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kerascrash.report.charts.window import Window
    from kerascrash.report.series import Point

FAR_AWAY = 6
"""A limit this many times above the peak would flatten the curve: it is only told."""
_BEYOND = (
    " The process shows more because files that it shares with others count in it, and "
    "not in its container."
)
NO_LIMIT = 1 << 60
"""The kernel writes "no limit" as a number near 2⁶³."""


@dataclass(frozen=True, slots=True)
class Row:
    """A panel of the chart, ``top`` pixels from its upper edge; ``scale`` in bytes."""

    title: str
    top: int
    height: int
    scale: float
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    message: str
    note: str = ""


def build_rows(
    readings: Mapping[str, Sequence[Point]], window: Window
) -> tuple[Row, ...]:
    """Return the rows that have readings within the window."""
    rows: list[Row] = []
    top = 0
    for kind in kinds_for(readings):
        row = build_row(kind, readings, window, top)
        if row is not None:
            rows.append(row)
            top += row.height + 40
    return tuple(rows)


def build_row(
    kind: RowKind,
    all_readings: Mapping[str, Sequence[Point]],
    window: Window,
    top: int,
) -> Row | None:
    """Return one row, ``top`` pixels down, None where it has no readings."""
    readings = [
        (name, style, points)
        for series, name, style in kind.lines
        if (points := _within(all_readings.get(series, ()), window))
    ]
    readings = [r for r in readings if r[1] == "main" or any(v for _, v in r[2])]
    measured = [
        v for _, style, points in readings if style != "limit" for _, v in points
    ]
    if not measured or not max(measured):
        return None
    peak, note = max(measured), ""
    for name, style, points in list(readings):
        if style == "limit" and points[-1][1] > FAR_AWAY * peak:
            readings.remove((name, style, points))
            if points[-1][1] < NO_LIMIT:
                note = f"{name} {format_bytes(points[-1][1])}: far above this scale"
    highest = max(v for _, _, points in readings for _, v in points)
    ticks = byte_ticks(highest, 4 if kind.height > 100 else 3)
    scale = max(ticks[-1][0], 1.03 * highest)
    return Row(
        title=_title(kind, readings),
        top=top,
        height=kind.height,
        scale=scale,
        ticks=tuple((y_of(v, scale, kind.height), label) for v, label in ticks),
        lines=draw_lines(readings, window, scale, kind.height),
        message=_message(kind, readings),
        note=note,
    )


def _within(points: Sequence[Point], window: Window) -> list[Point]:
    """Return the readings in the window, from the value that held when it began."""
    first = bisect.bisect_left(points, (window.start, -1))
    last = bisect.bisect_right(points, (window.end, 1 << 63))
    inside = list(points[first:last])
    if inside and first:
        return [(window.start, points[first - 1][1]), *inside]
    return inside


def _last(readings: list[tuple[str, str, list[Point]]], wanted: str) -> int:
    return next(points[-1][1] for name, _, points in readings if name == wanted)


def _title(kind: RowKind, readings: list[tuple[str, str, list[Point]]]) -> str:
    """Return what the row shows: a container holds more than the process."""
    shared = any(name == "container" for name, _, _ in readings)
    return "Memory of process and container" if shared else kind.title


def _message(kind: RowKind, readings: list[tuple[str, str, list[Point]]]) -> str:
    main = next((r for r in readings if r[1] == "main"), readings[-1])
    values = [v for _, v in main[2]]
    text = kind.says.format(
        first=format_bytes(values[0]), last=format_bytes(values[-1])
    )
    if max(values) > 1.05 * max(values[0], values[-1]):
        text += f", at most {format_bytes(max(values))}"
    ends = {name: format_bytes(points[-1][1]) for name, _, points in readings}
    if "installed" in ends:
        return f"{text}, of {ends['installed']} installed."
    container, limit = ends.get("container"), ends.get("limit")
    if container is None:
        return f"{text}, under a limit of {limit}." if limit else f"{text}."
    text += f"; its container held {container}"
    if limit is None:
        return f"{text}."
    beyond = "" if values[-1] <= _last(readings, "container") else _BEYOND
    return f"{text} of {limit} allowed.{beyond}"
