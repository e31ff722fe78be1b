"""Levels, slopes and peaks of what was measured over time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from kerascrash.model.case import Case, Mark, Recording, Series


def recording_of(case: Case) -> Recording | None:
    """Return the recording, or None where there is none."""
    return case.recording if isinstance(case.recording, Recording) else None


def value_at(series: Series | None, time: float) -> int | None:
    """Return the reading in force at a time (Unix seconds), None before the first."""
    if series is None:
        return None
    position = bisect_right(series.times, time)
    return series.values[position - 1] if position else None


def peak_of(series: Series | None) -> tuple[float, int] | None:
    """Return (time, value) of the highest reading."""
    if series is None or not series.values:
        return None
    top = max(range(len(series.values)), key=series.values.__getitem__)
    return series.times[top], series.values[top]


def slope_per_second(series: Series | None, since: float) -> float | None:
    """Return the least-squares slope of the readings from ``since`` on, per second."""
    if series is None:
        return None
    first = bisect_left(series.times, since)
    times, values = series.times[first:], series.values[first:]
    if len(times) < 3 or times[-1] - times[0] <= 0:
        return None
    mean_time = sum(times) / len(times)
    mean_value = sum(values) / len(values)
    spread = sum((t - mean_time) ** 2 for t in times)
    moment = sum(
        (t - mean_time) * (v - mean_value) for t, v in zip(times, values, strict=True)
    )
    return moment / spread


def rate_at_end(recording: Recording, name: str = "rss") -> float | None:
    """
    Return growth in bytes per second over the last readings.

    The window is the last two seconds, or what it takes to hold five readings: an
    allocation of gigabytes takes less than a second, a slow leak shows up later.
    """
    series = recording.find_series(name)
    if series is None or len(series.times) < 3:
        return None
    since = min(series.times[-1] - 2.0, series.times[-min(5, len(series.times))])
    return slope_per_second(series, since)


def stage_begins(recording: Recording) -> list[Mark]:
    """Return the ``stage_begin`` marks in order of time."""
    return [mark for mark in recording.marks if mark.kind == "stage_begin"]


def stage_name(mark: Mark) -> str:
    """Return the stage's name in lower case, as ``fit``."""
    return str(mark.data.get("stage", "")).lower()


def open_stages(recording: Recording) -> list[Mark]:
    """Return the stages that had begun and not ended at the end, outermost first."""
    still_open: list[Mark] = []
    for mark in recording.marks:
        if mark.kind == "stage_begin":
            still_open.append(mark)
        elif mark.kind == "stage_end":
            for position in range(len(still_open) - 1, -1, -1):
                if stage_name(still_open[position]) == stage_name(mark):
                    del still_open[position:]
                    break
    return still_open
