"""
Observe shared memory that was being filled when the record stopped.

SIGBUS leaves no line of the kernel's. It comes when a page of a shared mapping is
touched for which the file system (/dev/shm, a tmpfs) has no room: then the resident
shared memory rises up to the last reading, and the process is gone without a word while
the machine and the cgroup have room.
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


def detect(case: Case) -> Iterator[Finding]:
    """Yield that the process ended in the middle of filling shared memory."""
    recording = recording_of(case)
    if recording is None or not _ended_silently(case, recording):
        return
    series = recording.find_series("shmem")
    if series is None or case.death is None or not _has_room(case):
        return
    if case.death - series.times[-1] > _LATEST_SECONDS or len(series.values) < 3:
        return
    before, rise = (b - a for a, b in itertools.pairwise(series.values[-3:]))
    steady = min(before, rise) >= _LEAST_RISE
    if steady or rise >= _STEEP_RISE:
        size = series.values[-1]
        text = (
            f"shared memory was being filled ({format_bytes(size)} resident, "
            f"+{format_bytes(rise)} at the last reading) when the record stopped"
        )
        strength = 1.0 if steady else _ONE_RISE
        yield note("shared_memory_filling", "dump:samples", text, strength, bytes=size)


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
