"""
A pool of device memory at each step of its traces, and the host's memory beside it.

Across are steps, in order, whatever time lies between two windows; where the trace
marks no step, it is the time since the window began.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report.charts.happenings import Tick
from kerascrash.report.charts.row_kinds import RowKind
from kerascrash.report.charts.rows import Row, build_row
from kerascrash.report.charts.scale import second_ticks, spell_elapsed
from kerascrash.report.charts.window import Window
from kerascrash.report.plain import items, number
from kerascrash.report.series import merged_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kerascrash.model.case import Case
    from kerascrash.report.series import Point

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200)
_FEWEST = 2
_HOST = RowKind(
    "Memory of the process then",
    "The process went from {first} to {last}",
    (("rss", "process", "main"),),
    80,
)


@dataclass(frozen=True, slots=True)
class StepChart:
    """What the macro draws; ``breaks`` lie between windows, per cent."""

    name: str
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    breaks: tuple[float, ...]
    axis: str
    message: str
    height: int


def build_step_chart(row: Mapping[str, Any], case: Case) -> StepChart | None:
    """Return the chart of one row of ``allocators``, None where it has no course."""
    name, limit = str(row.get("name") or ""), number(row.get("capacity_bytes"))
    steps = [s for s in map(_numbers, items(row.get("steps"))) if len(s) == 3]
    if len(steps) >= _FEWEST:
        times = [step[0] for step in steps]
        places = [float(n) for n in range(1, len(steps) + 1)]
        readings = {
            "highest": _points(places, [step[1] for step in steps]),
            "left": _points(places, [step[2] for step in steps]),
        }
        ticks, axis = _step_ticks(len(steps)), "step in the traces"
        breaks = _breaks(times, items(row.get("window_begins")))
    else:
        course = [c for c in map(_numbers, items(row.get("timeline"))) if len(c) == 2]
        times = [time for time, _ in course]
        if len(course) < _FEWEST or times[-1] <= times[0]:
            return None
        places = [time - times[0] for time in times]
        readings = {"highest": _points(places, [use for _, use in course])}
        ticks, axis = _time_ticks(places[-1]), "time since the window began"
        breaks = ()
    window = Window(places[0], places[-1])
    if limit:
        readings["limit"] = _points([window.start, window.end], [limit, limit])
    readings["rss"] = _host_then(case, times, places)
    rows = _rows(name, readings, window)
    if not rows:
        return None
    message = " ".join(each.message for each in rows)
    height = rows[-1].top + rows[-1].height
    return StepChart(name, rows, ticks, breaks, axis, message, height)


def _rows(
    name: str, readings: Mapping[str, Sequence[Point]], window: Window
) -> tuple[Row, ...]:
    """Return the pool's row, and the host's where it is known."""
    steps = "left" in readings
    says = f"{name} held {{first}} at most {'in the first step' if steps else 'first'}"
    pool = RowKind(f"Memory of {name}", f"{says}, {{last}} in the last", (
        ("limit", "limit", "limit"),
        ("left", "at its end", "second"),
        ("highest", "peak" if steps else "in use", "main"),
    ), 150)  # fmt: skip
    rows: list[Row] = []
    for kind in (pool, _HOST):
        top = rows[-1].top + rows[-1].height + 40 if rows else 0
        row = build_row(kind, readings, window, top)
        if row is None and not rows:
            return ()
        if row is not None:
            rows.append(row)
    return tuple(rows)


def _numbers(entry: Any) -> list[float]:
    found = [number(cell) for cell in items(entry)]
    return [cell for cell in found if cell is not None]


def _points(places: Sequence[float], values: Sequence[float]) -> list[Point]:
    return [(at, int(v)) for at, v in zip(places, values, strict=True)]


def _host_then(
    case: Case, times: Sequence[float], places: Sequence[float]
) -> list[Point]:
    """Return the process's memory when each step began, where it was being read."""
    if isinstance(case.recording, Unavailable):
        return []
    points = merged_points(case.recording, "rss")
    when = [time for time, _ in points]
    found = []
    for time, place in zip(times, places, strict=True):
        at = bisect_right(when, time)
        if 0 < at < len(when) or (at == len(when) and when and time - when[-1] < 1):
            found.append((place, points[at - 1][1]))
    return found if len(found) >= _FEWEST else []


def _step_ticks(count: int) -> tuple[Tick, ...]:
    dense = next((s for s in _STEPS if count / s <= 12), _STEPS[-1])
    sparse = next((s for s in _STEPS if count / s <= 5), _STEPS[-1])
    window = Window(1, count)
    marked = [n for n in range(1, count + 1) if n % dense == 0]
    return tuple(Tick(window.percent(n), f"{n}", n % sparse > 0) for n in marked)


def _time_ticks(span: float) -> tuple[Tick, ...]:
    sparse = set(second_ticks(span, 4))
    return tuple(
        Tick(100 * s / span, spell_elapsed(s, span), s not in sparse)
        for s in second_ticks(span, 8)
    )


def _breaks(times: Sequence[float], begins: Sequence[Any]) -> tuple[float, ...]:
    """Return where, between two steps, one window ended and another began."""
    window = Window(1, len(times))
    found = [n for n, time in enumerate(times) if n and time in begins]
    return tuple(window.percent(n + 0.5) for n in found)
