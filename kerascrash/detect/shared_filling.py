"""
Observe shared memory that was being filled when the record stopped.

SIGBUS leaves no line of the kernel's. It comes when a page of a shared mapping is
touched for which the file system (/dev/shm, a tmpfs) has no room: then the resident
shared memory rises up to the last reading, or the file system's room went to its end,
and the process is gone without a word while the machine and the cgroup have room. What
others fill is no reason: of the pages that went last, this process must have had some.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.limits import cgroup_fill
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, ExitStatus, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SIGBUS = 7
_LEAST_RISE = 1 << 20  # bytes, from one reading to the next
_STEEP_RISE = 8 << 20
_ONE_RISE = 0.8  # a small file system is full before the next reading is due
_LATEST_SECONDS = 1.0  # of the last reading before the last sign of life
_ROOM = 0.9
_READINGS = 3
_STEPS = 3  # whoever dies of it, dies within so many steps of the last look
_USED_UP = 0.1  # of a file system


def detect(case: Case) -> Iterator[Finding]:
    """Yield that the process ended in the middle of filling shared memory."""
    recording = recording_of(case)
    if recording is None or not _ended_silently(case, recording):
        return
    if case.death is None or not _has_room(case):
        return
    yield from _used_up(case.death, recording) or _rising(case.death, recording)


def _used_up(death: float, recording: Recording) -> list[Finding]:
    """Return that the room of a file system was used up by this process."""
    marks = [mark for mark in recording.marks if mark.kind == "shared_room"]
    last = {mark.data.get("path"): mark for mark in marks}
    patience = max(_LATEST_SECONDS, _STEPS * recording.progress.get("step_ns", 0) / 1e9)
    for mark in last.values():
        figures = [mark.data.get(name) for name in ("total", "free", "before", "own")]
        known = [figure for figure in figures if isinstance(figure, int)]
        if len(known) < len(figures):
            continue
        total, free, before, own = known
        fall = before - free
        ended = free <= max(_USED_UP * total, 2 * fall)
        if fall > 0 and ended and own * 2 >= fall and death - mark.time <= patience:
            text = (
                f"{mark.data.get('path')} ({format_bytes(total)}) was being filled by "
                f"this process: {format_bytes(free)} free {death - mark.time:.1f} s "
                f"before the record stopped, {format_bytes(fall)} less than just before"
            )
            about = {"bytes": own, "total": total, "free": free}
            return [note("shared_memory_filling", "dump:events", text, 1.0, **about)]
    return []


def _rising(death: float, recording: Recording) -> list[Finding]:
    """Return that resident shared memory rose up to the last reading."""
    series = recording.find_series("shmem")
    if series is None or len(series.values) < _READINGS:
        return []
    if death - series.times[-1] > _LATEST_SECONDS:
        return []
    before, rise = (b - a for a, b in itertools.pairwise(series.values[-3:]))
    steady = min(before, rise) >= _LEAST_RISE
    if not steady and rise < _STEEP_RISE:
        return []
    size = series.values[-1]
    text = (
        f"shared memory was being filled ({format_bytes(size)} resident, "
        f"+{format_bytes(rise)} at the last reading) when the record stopped"
    )
    strength = 1.0 if steady else _ONE_RISE
    return [note("shared_memory_filling", "dump:samples", text, strength, bytes=size)]


def _ended_silently(case: Case, recording: Recording) -> bool:
    """Tell that nobody saw it end otherwise: no status but SIGBUS, no exception."""
    if isinstance(case.exit, ExitStatus) and case.exit.signal != _SIGBUS:
        return False
    kinds = {mark.kind for mark in recording.marks}
    return recording.state != "finished" and not kinds & {"exit", "exception"}


def _has_room(case: Case) -> bool:
    """Shared memory counts as memory: an OOM kill looks the same at the limit."""
    total, free = last_reading(case, "host_total"), last_reading(case, "host_available")
    host_full = bool(total) and free is not None and free < (1 - _ROOM) * (total or 0)
    fill = cgroup_fill(case)
    return not host_full and (fill is None or fill < _ROOM)


DETECTOR = Detector(
    id="shared_filling",
    finds=("shared_memory_filling",),
    detect=detect,
    needs=("recording",),
)
