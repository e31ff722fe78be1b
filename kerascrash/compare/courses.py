"""Both runs' memory on one clock, whose 0 is the begin of a stage that both reached."""

from __future__ import annotations

from kerascrash.compare.runs import memory_of
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.timeline import recording_of, stage_begins, stage_name
from kerascrash.model.case import Case, Process, Recording
from kerascrash.model.comparison import Course

_ALIGNED_ON = ("fit", "custom", "evaluate", "predict", "compile", "build", "data")


def align(a: Case, b: Case) -> tuple[str, Course, Course]:
    """Return the stage whose begin is 0 ("": the process's start) and both courses."""
    begins_a, begins_b = _begins(recording_of(a)), _begins(recording_of(b))
    common = (s for s in _ALIGNED_ON if s in begins_a and s in begins_b)
    stage = next(common, "")
    return (
        stage,
        _course(a, begins_a.get(stage, _start(a))),
        _course(b, begins_b.get(stage, _start(b))),
    )


def _begins(recording: Recording | None) -> dict[str, float]:
    """Return when each stage began first."""
    found: dict[str, float] = {}
    for mark in stage_begins(recording) if recording else ():
        found.setdefault(stage_name(mark), mark.time)
    return found


def _start(case: Case) -> float | None:
    return case.process.start if isinstance(case.process, Process) else None


def _course(case: Case, zero: float | None) -> Course:
    recording = recording_of(case)
    series = memory_of(recording) if recording else None
    if series is None:
        return Course()
    begin = series.times[0] if zero is None else zero
    end = case.death
    return Course(
        points=tuple(
            (time - begin, size)
            for time, size in zip(series.times, series.values, strict=True)
        ),
        limit=cgroup_limit(case),
        ended=None if end is None else end - begin,
    )
