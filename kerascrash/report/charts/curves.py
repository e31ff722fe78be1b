"""Curves of a row: paths, and labels at their ends that keep apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.report.series import Point, thin
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from kerascrash.report.charts.window import Window

SLICES = 130
BOX = 1000
"""Width of the box that paths are drawn in; the browser stretches it."""
LABEL_GAP = 14
"""Pixels that two labels at the right edge keep between them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; ``label_y`` is where its label stands in pixels from the row's top."""

    name: str
    style: str
    path: str
    last: str
    end_y: float
    label_y: float


def y_of(value: float, scale: float, height: int) -> float:
    """Return the distance from the top of a row in pixels."""
    return round(height * (1 - value / scale), 1)


def draw_lines(
    readings: list[tuple[str, str, list[Point]]],
    window: Window,
    scale: float,
    height: int,
) -> tuple[Line, ...]:
    """Return the curves of (name, style, points), labelled at their right ends."""
    ends = [y_of(points[-1][1], scale, height) for _, _, points in readings]
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
        y = f"{y_of(value, scale, height):.1f}".removesuffix(".0")
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
