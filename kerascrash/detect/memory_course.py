"""
Observe how resident memory ran: flat, steadily rising, or steeply at the end.

A rise during import and model building is normal; only what goes on once the training
runs, or what shoots up in the last seconds, says something.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.resident import resident_at_death
from kerascrash.estimate.timeline import (
    rate_at_end,
    recording_of,
    slope_per_second,
    value_at,
)
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SOURCE = "dump:samples"
_STEEP = 64 << 20  # bytes per second
_FLAT_SHARE = 0.05


def detect(case: Case) -> Iterator[Finding]:
    """Yield the course of resident memory over the last seconds and minutes."""
    recording, final = recording_of(case), resident_at_death(case)
    series = recording.find_series("rss") if recording else None
    if recording is None or final is None or series is None or len(series.times) < 3:
        return
    end = series.times[-1]
    rate = rate_at_end(recording) or 0.0
    span = min(60.0, end - series.times[0])
    before = value_at(series, end - span) or series.values[0]
    rise = final.bytes - before
    if rate >= _STEEP and rise > 0.1 * final.bytes:
        yield note(
            "memory_rose_steeply",
            _SOURCE,
            f"resident memory rose by {format_bytes(rate)}/s in the last seconds",
            rate=rate,
            rise=rise,
        )
    elif _is_steady(recording, end):
        yield note(
            "memory_rose_steadily",
            _SOURCE,
            f"resident memory rose all along, by {format_bytes(rise)} in the last "
            f"{span:.0f} s",
            rate=rate,
            rise=rise,
        )
    elif abs(rise) <= _FLAT_SHARE * final.bytes and span >= 2:
        yield note(
            "flat_memory",
            _SOURCE,
            f"resident memory was flat at {format_bytes(final.bytes)} for the last "
            f"{span:.0f} s",
            bytes=final.bytes,
        )


def _is_steady(recording: Recording, end: float) -> bool:
    """Both halves of the last minute rise, and each by more than a trifle."""
    series = recording.find_series("rss")
    if series is None or end - series.times[0] < 4:
        return False
    half = min(30.0, (end - series.times[0]) / 2)
    late = slope_per_second(series, end - half)
    whole = slope_per_second(series, end - 2 * half)
    if late is None or whole is None:
        return False
    floor = 0.002 * series.values[-1]
    return late > floor and whole > floor


DETECTOR = Detector(
    id="memory_course",
    finds=("memory_rose_steeply", "memory_rose_steadily", "flat_memory"),
    detect=detect,
    needs=("recording",),
)
