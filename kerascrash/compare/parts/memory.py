"""Memory when the same stage began and at the same step; the peak."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.runs import at_step, memory_of, steps_of
from kerascrash.compare.weights import of_bytes, scale_of
from kerascrash.estimate.resident import peak_resident
from kerascrash.estimate.timeline import (
    recording_of,
    stage_begins,
    stage_name,
    value_at,
)
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "memory"


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    scale = scale_of(a, b)
    peaks = (peak_resident(a.case), peak_resident(b.case))
    yield from of_bytes(_GROUP, "at its peak", peaks, scale)
    one, two = _at_stages(a), _at_stages(b)
    for stage in [stage for stage in one if stage in two]:
        name = f"when {stage} began"
        yield from of_bytes(_GROUP, name, (one[stage], two[stage]), scale)
    first, second = (steps_of(recording_of(d.case)) for d in (a, b))
    if not first or not second:
        return
    last = min(first[-1].step, second[-1].step)
    for step in sorted({1, last // 2, last} - {0}):
        old, new = at_step(first, step), at_step(second, step)
        if old is not None and new is not None:
            name = f"at step {step:,}"
            yield from of_bytes(_GROUP, name, (old.bytes, new.bytes), scale)


def _at_stages(diagnosis: Diagnosis) -> dict[str, int]:
    """Return the resident size when each stage began for the first time."""
    recording = recording_of(diagnosis.case)
    series = memory_of(recording) if recording else None
    found: dict[str, int] = {}
    for mark in stage_begins(recording) if recording else ():
        size = value_at(series, mark.time)
        if size is not None:
            found.setdefault(stage_name(mark), size)
    return found


PART = Part("memory", "memory of the process", _compare)
