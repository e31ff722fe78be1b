"""The memory of two runs on one clock, whose 0 is the begin of a stage of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.report.charts.curves import Line, draw_lines, y_of
from kerascrash.report.charts.happenings import Tick, stage_name
from kerascrash.report.charts.scale import byte_ticks, second_ticks, spell_elapsed
from kerascrash.report.charts.window import Window
from kerascrash.units import format_bytes, format_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kerascrash.model.comparison import Comparison, Course, Side
    from kerascrash.report.series import Point

HEIGHT = 220
_LONGEST = 4
"""The clock ends at this many times the shorter run: else that one is a dot."""
_EDGE = 80
"""Per cent of the width: a curve that ends before is named there, not at the edge."""
_FAR_AWAY = 3
"""A limit this many times above both peaks would flatten the curves: only told."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a run ended: position, its last size in words, and whether it died."""

    label: str
    at: float
    y: float
    died: bool
    size: str

    @property
    def early(self) -> bool:
        """It ended so far from the right edge that its name belongs beside it."""
        return self.at < _EDGE


@dataclass(frozen=True, slots=True)
class CoursesChart:
    """What the macro draws; ``zero`` is where the common stage began, per cent."""

    height: int
    lines: tuple[Line, ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[Tick, ...]
    zero: float
    zero_name: str
    endings: tuple[Ending, ...]
    message: str
    note: str


def build_courses(comparison: Comparison) -> CoursesChart | None:
    """Return the chart, None unless both runs have readings."""
    a, b = comparison.a.course, comparison.b.course
    if len(a.points) < 2 or len(b.points) < 2:
        return None
    window = _window(a, b)
    inside = {
        name: [point for point in course.points if window.holds(point[0])]
        for name, course in (("A", a), ("B", b))
    }
    if not all(inside.values()):
        return None
    peak = max(size for points in inside.values() for _, size in points)
    limits, far = _limits(a, b, window, peak)
    curves = [
        *limits,
        ("run B", "run-b", inside["B"]),
        ("run A", "run-a", inside["A"]),
    ]
    scale = 1.04 * max(size for _, _, points in curves for _, size in points)
    zero_name = (
        f"{stage_name(comparison.stage)} began" if comparison.stage else "the start"
    )
    sides = (("A", comparison.a), ("B", comparison.b))
    return CoursesChart(
        height=HEIGHT,
        lines=draw_lines(curves, window, scale, HEIGHT),
        y_ticks=tuple(
            (y_of(v, scale, HEIGHT), label) for v, label in byte_ticks(scale)
        ),
        x_ticks=_ticks(window),
        zero=window.percent(0.0),
        zero_name=zero_name,
        endings=_endings(sides, window, scale),
        message=_message(sides, zero_name),
        note=" ".join([*_cut(sides, window), *far]),
    )


def _window(a: Course, b: Course) -> Window:
    ends = [max(course.points[-1][0], course.ended or 0.0) for course in (a, b)]
    starts = [course.points[0][0] for course in (a, b)]
    start, end = min(starts), max(ends)
    shortest = max(min(ends), 0.0) + max(-start, 1.0)
    return Window(start, max(min(end, start + _LONGEST * shortest), start + 0.001))


def _limits(
    a: Course, b: Course, window: Window, peak: int
) -> tuple[list[tuple[str, str, list[Point]]], list[str]]:
    """Return the limits as curves, equal ones once, and those that are far away."""
    named = {"limit of A": a.limit, "limit of B": b.limit}
    if a.limit == b.limit:
        named = {"limit": a.limit}
    curves, far = [], []
    for name, limit in named.items():
        if limit is None:
            continue
        if limit > _FAR_AWAY * peak:
            far.append(f"The {name} is {format_bytes(limit)}, far above this scale.")
        else:
            ends = [(window.start, limit), (window.end, limit)]
            curves.append((name, "limit", ends))
    return curves, far


def _ticks(window: Window) -> tuple[Tick, ...]:
    """Return round times before and after 0."""
    dense, sparse = (second_ticks(window.span, most) for most in (8, 4))
    step, coarse = (ticks[1] if len(ticks) > 1 else 1 for ticks in (dense, sparse))
    first, last = math.ceil(window.start / step), math.floor(window.end / step)
    return tuple(
        Tick(
            window.percent(n * step),
            f"{'−' if n < 0 else ''}{spell_elapsed(abs(n * step), window.span)}",
            round(n * step / coarse, 6) % 1 > 0,
        )
        for n in range(first, last + 1)
    )


def _endings(
    sides: Iterable[tuple[str, Side]], window: Window, scale: float
) -> tuple[Ending, ...]:
    found = []
    for label, side in sides:
        time, size = side.course.points[-1]
        if window.holds(time):
            y = y_of(size, scale, HEIGHT)
            at, last = window.percent(time), format_bytes(size)
            found.append(Ending(label, at, y, not side.lived, last))
    return tuple(found)


def _cut(sides: Iterable[tuple[str, Side]], window: Window) -> list[str]:
    """Return which run goes on beyond the chart."""
    return [
        f"Run {label} went on until {format_seconds(side.course.points[-1][0])}."
        for label, side in sides
        if side.course.points[-1][0] > window.end
    ]


def _message(sides: Iterable[tuple[str, Side]], zero_name: str) -> str:
    told = []
    for label, side in sides:
        sizes = [size for _, size in side.course.points]
        end = side.course.points[-1][0]
        ended = "ended" if side.lived else "died"
        told.append(
            f"Run {label} reached {format_bytes(max(sizes))} and {ended} "
            f"{format_seconds(abs(end))} {'after' if end >= 0 else 'before'} "
            f"{zero_name}."
        )
    return " ".join(told)
