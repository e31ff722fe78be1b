"""What a run read of itself: memory over time, and memory over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerascrash.estimate.resident import peak_resident
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording, Series


@dataclass(frozen=True, slots=True)
class Reached:
    """A step, when it was first seen done (Unix seconds), the resident bytes then."""

    step: int
    time: float
    bytes: int


def memory_of(recording: Recording) -> Series | None:
    """Return the resident size over the whole run: the recorder's own readings."""
    return _own(recording, "rss") or recording.find_series("rss")


def _own(recording: Recording, name: str) -> Series | None:
    found = [s for s in recording.series if s.name == name and s.times]
    return next((s for s in found if s.origin == "recorder"), None)


def steps_of(recording: Recording | None) -> tuple[Reached, ...]:
    """Return the steps that readings saw, ascending; empty where none was counted."""
    counted = _own(recording, "step") if recording else None
    resident = memory_of(recording) if recording else None
    if counted is None or resident is None:
        return ()
    sizes = dict(zip(resident.times, resident.values, strict=True))
    found: list[Reached] = []
    for time, step in zip(counted.times, counted.values, strict=True):
        size = sizes.get(time)
        if size is not None and step > 0 and (not found or step > found[-1].step):
            found.append(Reached(step, time, size))
    return tuple(found)


def charged_peak(case: Case) -> int | None:
    """Return what a limit would have counted at most: mapped files are left out."""
    recording = recording_of(case)
    peak = peak_resident(case)
    if recording is None or peak is None:
        return None
    return peak - (recording.last("file") or 0)


def at_step(reached: Sequence[Reached], step: int) -> Reached | None:
    """Return the first reading at that step or, at most a twentieth later, after it."""
    first = next((one for one in reached if one.step >= step), None)
    return first if first is not None and first.step <= 1.05 * step + 1 else None


def between(reached: Sequence[Reached], low: int, high: int) -> list[Reached]:
    """Return the readings from step ``low`` to step ``high``."""
    return [one for one in reached if low <= one.step <= high]


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the least-squares slope of (x, y), None for fewer than three points."""
    if len(points) < 3:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread <= 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
