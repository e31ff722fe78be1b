"""
Observe a training that stood still before its end: no step, no processor time.

A long step (a first compilation, a validation pass, a checkpoint to a slow disk) looks
alike for a while, so a standstill counts only when it is many times the usual step.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import recording_of, slope_per_second, value_at
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_seconds

_LEAST_SECONDS = 30.0
_TIMES_A_STEP = 20.0
_IDLE_CORES = 0.05


def detect(case: Case) -> Iterator[Finding]:
    """Yield a standstill, and whether the processor was idle meanwhile."""
    recording = recording_of(case)
    if recording is None:
        return
    stood = _seconds_without_step(recording, case.death or recording.last_sample)
    if stood is None:
        return
    yield note(
        "no_progress",
        "dump:progress",
        f"no step was finished in the last {format_seconds(stood)}",
        min(1.0, 0.5 + stood / 240),
        seconds=stood,
    )
    cores = _cores_used(recording, stood)
    if cores is not None and cores < _IDLE_CORES:
        text = f"it used {cores:.1%} of one core meanwhile: it waited for something"
        yield note("processor_idle", "dump:samples", text, cores=cores)


def _seconds_without_step(recording: Recording, end: float | None) -> float | None:
    last = recording.progress.get("time")
    usual_ns = recording.progress.get("step_ns")
    if not isinstance(last, (int, float)) or end is None:
        return None
    stood = end - float(last)
    usual = usual_ns / 1e9 if isinstance(usual_ns, int) and usual_ns > 0 else 0.0
    return stood if stood > max(_LEAST_SECONDS, _TIMES_A_STEP * usual) else None


def _cores_used(recording: Recording, seconds: float) -> float | None:
    series = recording.find_series("cpu_us")
    if series is None:
        return None
    rate = slope_per_second(series, series.times[-1] - seconds)
    known = value_at(series, series.times[-1]) is not None
    return rate / 1e6 if rate is not None and known else None


DETECTOR = Detector(
    id="standstill",
    finds=("no_progress", "processor_idle"),
    detect=detect,
    needs=("recording",),
)
