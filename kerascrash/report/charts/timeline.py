"""
The run on one clock: rows of readings, stages as bands, epochs, gaps, the death.

Positions along the time axis are per cent, so that the chart is as wide as the page
it is on; heights are pixels. Paths are in a box 1000 wide, stretched by the browser.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.model.evidence import Unavailable
from kerascrash.report.charts.happenings import (
    Band,
    Tick,
    epoch_ticks,
    stage_bands,
    stage_durations,
    stage_name,
)
from kerascrash.report.charts.rows import Row, build_rows
from kerascrash.report.charts.scale import second_ticks, spell_elapsed
from kerascrash.report.charts.window import Window
from kerascrash.report.series import merged_points, series_names
from kerascrash.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kerascrash.model.case import Case, Mark
    from kerascrash.report.series import Point

LAST = 60.0
"""Seconds that the close-up shows."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One chart; ``death`` is per cent or None, ``message`` what it says in words."""

    id: str
    title: str
    window: Window
    rows: tuple[Row, ...]
    bands: tuple[Band, ...]
    epochs: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    gaps: tuple[tuple[float, float], ...]
    death: float | None
    message: str
    axis: str
    height: int
    stages: tuple[tuple[str, str], ...]


def build_timelines(case: Case) -> list[Timeline]:
    """Return the whole run and, if it lasted long enough, its last minute."""
    recording = case.recording
    if isinstance(recording, Unavailable):
        return []
    readings = {
        name: merged_points(recording, name) for name in series_names(recording)
    }
    times = [points[end][0] for points in readings.values() for end in (0, -1)]
    if not times:
        return []
    start = min([*times, *(mark.time for mark in recording.marks[:1])])
    end = max(case.death or 0.0, recording.last_sample or 0.0, max(times))
    whole = Window(start, max(end, start + 0.001))
    charts = [_build(case, recording.marks, readings, whole, "whole")]
    if whole.span > 1.5 * LAST:
        charts.append(
            _build(case, recording.marks, readings, Window(end - LAST, end), "last")
        )
    return [chart for chart in charts if chart.rows]


def _build(
    case: Case,
    marks: Sequence[Mark],
    readings: Mapping[str, Sequence[Point]],
    window: Window,
    kind: str,
) -> Timeline:
    rows = build_rows(readings, window)
    whole = kind == "whole"
    return Timeline(
        id=f"chart-{kind}",
        title="The whole run" if whole else "The last minute",
        window=window,
        rows=rows,
        bands=stage_bands(marks, window),
        epochs=epoch_ticks(marks, window),
        ticks=_from_start(window) if whole else _to_end(window),
        gaps=_gaps(readings, window),
        death=None if case.death is None else window.percent(case.death),
        message=" ".join(row.message for row in rows),
        axis="time since the start" if whole else "time before the end",
        height=rows[-1].top + rows[-1].height if rows else 0,
        stages=tuple(
            (stage_name(stage), format_seconds(seconds))
            for stage, seconds in stage_durations(marks, window.end)[:10]
            if whole
        ),
    )


def _from_start(window: Window) -> tuple[Tick, ...]:
    dense = second_ticks(window.span, 10)
    sparse = set(second_ticks(window.span, 4))
    return tuple(
        Tick(100 * s / window.span, spell_elapsed(s, window.span), s not in sparse)
        for s in dense
    )


def _to_end(window: Window) -> tuple[Tick, ...]:
    return tuple(
        Tick(
            100 - 100 * s / window.span,
            f"−{spell_elapsed(s, window.span)}" if s else "0",
            s % 30 > 0,
        )
        for s in second_ticks(window.span, 6)
    )


def _gaps(
    readings: Mapping[str, Sequence[Point]], window: Window
) -> tuple[tuple[float, float], ...]:
    """Return stretches without any reading, much longer than the usual pause."""
    densest = max(readings.values(), key=len)
    times = [time for time, _ in densest if window.holds(time)]
    if len(times) < 8:
        return ()
    pauses = [b - a for a, b in itertools.pairwise(times)]
    times.append(window.end)  # from the last reading to the death nothing is known
    longest = max(window.span / 50, 8 * sorted(pauses)[len(pauses) // 2])
    return tuple(
        (window.percent(a), window.percent(b))
        for a, b in itertools.pairwise(times)
        if b - a > longest
    )[:40]
