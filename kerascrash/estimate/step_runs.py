"""
What the recording saw of training steps: batch size, level before, peak, steps done.

One run is one ``fit`` (or custom loop) with its batch size. The peak is that of the
readings and, where it rose during the run, the kernel's own high-water mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.limits import NEAR, NO_LIMIT, cgroup_limit
from kerascrash.estimate.resident import peak_resident
from kerascrash.estimate.timeline import recording_of, stage_name, value_at
from kerascrash.model.case import Case, Mark, Recording

_TRAINING = ("fit", "custom")
_COMPLETE = 2
"""Steps after which the memory of a step has shown itself."""
_READINGS = 8
"""So many show the level between steps, and not only that within one."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """
    ``before`` and ``peak`` in resident bytes; ``complete``: its steps were done.

    ``between`` is the lowest level once the first step was over: what stays from one
    step to the next. None where readings do not show it.
    """

    batch: int
    before: int
    peak: int
    complete: bool
    died: bool
    between: int | None = None


def step_runs(case: Case) -> tuple[StepRun, ...]:
    """Return the runs whose batch size and levels are known, in order of time."""
    recording = recording_of(case)
    if recording is None:
        return ()
    runs = []
    for begin, end in _training_stages(recording):
        run = _run(case, recording, begin, end)
        if run is not None:
            runs.append(run)
    return tuple(runs)


def needed_at_least(case: Case, run: StepRun, mapped: int) -> int:
    """
    Return the resident bytes that a step needed which was not over.

    What died at its limit had asked for more; ``mapped`` are the pages of files that
    the limit does not count.
    """
    limit = cgroup_limit(case)
    if not limit or not run.died or run.peak - mapped < NEAR * limit:
        return run.peak
    return max(run.peak, limit + mapped)


def _training_stages(recording: Recording) -> list[tuple[Mark, Mark | None]]:
    begun: list[Mark] = []
    found: list[tuple[Mark, Mark | None]] = []
    for mark in recording.marks:
        if stage_name(mark) not in _TRAINING:
            continue
        if mark.kind == "stage_begin":
            begun.append(mark)
        elif mark.kind == "stage_end" and begun:
            found.append((begun.pop(), mark))
    found += [(mark, None) for mark in begun]
    return sorted(found, key=lambda pair: pair[0].time)


def _run(
    case: Case, recording: Recording, begin: Mark, end: Mark | None
) -> StepRun | None:
    batch = _batch_of(recording, begin, end)
    before = _level_before(recording, begin.time)
    peak = _peak_between(recording, begin.time, end.time if end else None)
    if end is None:
        peak = max(peak or 0, peak_resident(case) or 0) or None
    if not batch or before is None or peak is None:
        return None
    done = _steps_within(recording, begin, end)
    finished = end is not None and end.data.get("ok") is not False
    return StepRun(
        batch,
        before,
        max(peak, before),
        finished or done >= _COMPLETE,
        end is None,
        _level_between(recording, begin.time, end.time if end else NO_LIMIT),
    )


def _level_before(recording: Recording, time: float) -> int | None:
    """Return the level when the stage began, of the reader that looked last."""
    readings = [
        (series.times[at - 1], series.values[at - 1])
        for series in recording.series
        if series.name == "rss" and (at := _readings_until(series.times, time))
    ]
    return max(readings)[1] if readings else None


def _readings_until(times: tuple[float, ...], time: float) -> int:
    return sum(1 for one in times if one <= time)


def _peak_between(recording: Recording, begin: float, end: float | None) -> int | None:
    peaks = [
        value
        for series in recording.series
        if series.name == "rss"
        for time, value in zip(series.times, series.values, strict=True)
        if begin <= time and (end is None or time <= end)
    ]
    mark = recording.find_series("rss_peak")
    before, after = value_at(mark, begin), _first_after(recording, end)
    if before is not None and after is not None and after > before:
        peaks.append(after)
    return max(peaks, default=None)


def _level_between(recording: Recording, begin: float, end: float) -> int | None:
    """Return the lowest of the readings that were taken between steps or in them."""
    over = [
        time
        for series in recording.series
        if series.name == "step"
        for time, step in zip(series.times, series.values, strict=True)
        if begin <= time <= end and step > 0
    ]
    levels = [
        value
        for series in recording.series
        if series.name == "rss" and over
        for time, value in zip(series.times, series.values, strict=True)
        if min(over) <= time <= end
    ]
    return min(levels) if len(levels) >= _READINGS else None


def _first_after(recording: Recording, end: float | None) -> int | None:
    """Return the high-water mark once the stage was over."""
    mark = recording.find_series("rss_peak")
    if mark is None:
        return None
    if end is None:
        return mark.values[-1]
    later = [v for t, v in zip(mark.times, mark.values, strict=True) if t >= end]
    return later[0] if later else mark.values[-1]


def _batch_of(recording: Recording, begin: Mark, end: Mark | None) -> int | None:
    """Return the largest batch of the run: told just before, or while it went on."""
    sizes = [
        mark.data.get("batch_size")
        for mark in recording.marks
        if mark.kind == "batch"
        and str(mark.data.get("stage", "")).lower() in ("fit", "data")
        and mark.time <= (end.time if end else NO_LIMIT)
    ]
    known = [size for size in sizes if isinstance(size, int) and size > 0]
    told = recording.progress.get("batch_size")
    if end is None and isinstance(told, int) and told > 0:
        return told
    if not known:
        return told if isinstance(told, int) and told > 0 else None
    near = [
        mark.data.get("batch_size")
        for mark in recording.marks
        if mark.kind == "batch" and begin.time - 30 <= mark.time <= begin.time
    ]
    recent = [size for size in near if isinstance(size, int) and size > 0]
    return max(recent, default=known[-1])


def _steps_within(recording: Recording, begin: Mark, end: Mark | None) -> int:
    """Return how many steps the run was seen to finish."""
    ended = [
        mark.data.get("steps")
        for mark in recording.marks
        if mark.kind == "epoch_end"
        and begin.time <= mark.time <= (end.time if end else NO_LIMIT)
    ]
    done = sum(steps for steps in ended if isinstance(steps, int))
    step = recording.progress.get("step_in_epoch")
    if step is None:
        step = recording.progress.get("step")
    if end is None and isinstance(step, int):
        done += max(step, 0)
    return done
