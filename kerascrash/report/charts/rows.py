"""Rows of a timeline: which quantities share a scale, their lines and labels."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.report.charts.scale import byte_ticks
from kerascrash.report.series import Point, thin
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kerascrash.report.charts.window import Window

SLICES = 130
BOX = 1000
LABEL_GAP = 14
"""Pixels that two labels at the right edge keep between them."""
FAR_AWAY = 6
"""A limit this many times above the peak would flatten the curve: it is only told."""
NO_LIMIT = 1 << 60
"""The kernel writes "no limit" as a number near 2⁶³."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """
    What a row shows; lines are (name of the series, label, how it is drawn).

    ``says`` is the message in words: {first}, {last} of the main line.
    """

    title: str
    says: str
    lines: tuple[tuple[str, str, str], ...]
    height: int


KINDS = (
    RowKind("Memory of the process", "The process went from {first} to {last}", (
        ("cgroup_limit", "limit", "limit"),
        ("cgroup_current", "container", "second"),
        ("children_rss", "children", "third"),
        ("rss", "process", "main"),
    ), 190),
    RowKind("Memory of the machine", "The machine had {last} available at the end", (
        ("host_total", "installed", "limit"),
        ("host_available", "available", "main"),
    ), 80),
    RowKind("Memory of the GPU", "GPU memory in use went from {first} to {last}", (
        ("device_limit", "limit", "limit"),
        ("device_used", "used", "main"),
    ), 110),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; ``label_y`` is where its label stands in pixels from the row's top."""

    name: str
    style: str
    path: str
    last: str
    end_y: float
    label_y: float


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
    for kind in KINDS:
        row = _build_row(kind, readings, window, top)
        if row is not None:
            rows.append(row)
            top += row.height + 40
    return tuple(rows)


def _build_row(
    kind: RowKind,
    all_readings: Mapping[str, Sequence[Point]],
    window: Window,
    top: int,
) -> Row | None:
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
    ticks = byte_ticks(highest, 4 if kind.height > 100 else 2)
    scale = max(ticks[-1][0], 1.03 * highest)
    return Row(
        title=kind.title,
        top=top,
        height=kind.height,
        scale=scale,
        ticks=tuple((_y(v, scale, kind.height), label) for v, label in ticks),
        lines=_lines(readings, window, scale, kind.height),
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


def _y(value: float, scale: float, height: int) -> float:
    return round(height * (1 - value / scale), 1)


def _lines(
    readings: list[tuple[str, str, list[Point]]],
    window: Window,
    scale: float,
    height: int,
) -> tuple[Line, ...]:
    ends = [_y(points[-1][1], scale, height) for _, _, points in readings]
    labels = _spread(ends, height)
    return tuple(
        Line(
            name=name,
            style=style,
            path=_path(points, window, scale, height),
            last=format_bytes(points[-1][1]),
            end_y=end,
            label_y=label,
        )
        for (name, style, points), end, label in zip(
            readings, ends, labels, strict=True
        )
    )


def _path(points: list[Point], window: Window, scale: float, height: int) -> str:
    """Return an SVG path; of equal values in a row only the ends are kept."""
    corners: list[tuple[str, str]] = []
    for time, value in thin(points, SLICES):
        x = f"{BOX * (time - window.start) / window.span:.1f}".removesuffix(".0")
        y = f"{_y(value, scale, height):.1f}".removesuffix(".0")
        if len(corners) > 1 and corners[-1][1] == corners[-2][1] == y:
            corners[-1] = (x, y)
        else:
            corners.append((x, y))
    return "M" + "L".join(f"{x} {y}" for x, y in corners)


def _spread(ends: list[float], height: int) -> list[float]:
    """Return a height for each label, close to its line's end, none on another."""
    order = sorted(range(len(ends)), key=lambda i: (ends[i], i))
    placed = dict.fromkeys(order, 0.0)
    floor = -1e9
    for index in order:
        placed[index] = max(ends[index], floor + LABEL_GAP)
        floor = placed[index]
    excess = floor - height
    if excess > 0:
        placed = {index: y - excess for index, y in placed.items()}
    return [round(placed[i], 1) for i in range(len(ends))]


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
    if "limit" not in ends:
        return f"{text}."
    if "container" in ends:
        held = f"{ends['container']} of {ends['limit']} allowed"
        return f"{text}; its container held {held}."
    return f"{text}, under a limit of {ends['limit']}."
