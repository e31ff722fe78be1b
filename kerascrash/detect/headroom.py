"""
Observe how much room was left under the limit and on the machine at the last reading.

Near a limit is not over it: the last reading is milliseconds to seconds old. One huge
allocation goes from fine to dead between two readings, so room at the end speaks
against running out only if nothing was growing.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.limits import cgroup_fill, cgroup_limit
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import rate_at_end, recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes, format_seconds

_SOURCE = "dump:samples"
_NEARLY_FULL = 0.9
_AMPLE = 0.75
_HOST_LOW = 0.05
_HOST_AMPLE = 0.15
_SECONDS_LEFT = 3.0


def detect(case: Case) -> Iterator[Finding]:
    """Yield what the last readings say of cgroup and host."""
    recording = recording_of(case)
    rate = rate_at_end(recording) if recording else None
    limit, fill = cgroup_limit(case), cgroup_fill(case)
    if limit is not None and fill is not None:
        yield from _cgroup(limit, fill, rate or 0.0)
    elif limit is None and recording and recording.limits.get("cgroup_limit") == -1:
        text = "no cgroup that the process could see had a memory limit"
        yield note("cgroup_unlimited", "dump:limits", text)
    yield from _host(case, rate or 0.0)
    yield from _swap(case)


def _cgroup(limit: int, fill: float, rate: float) -> Iterator[Finding]:
    left = max(1 - fill, 0.0) * limit
    known = {"limit": limit, "headroom": int(left), "rate": rate}
    if fill >= _NEARLY_FULL:
        yield note(
            "cgroup_near_limit",
            _SOURCE,
            f"the last reading stood at {fill:.0%} of the {format_bytes(limit)} limit",
            min(1.0, 0.5 + (fill - _NEARLY_FULL) * 8),
            **known,
        )
    elif rate > 0 and left / rate < _SECONDS_LEFT:
        yield note(
            "cgroup_limit_in_reach",
            _SOURCE,
            f"{format_bytes(left)} below the {format_bytes(limit)} limit, growing by "
            f"{format_bytes(rate)}/s: {format_seconds(left / rate)} away from it",
            min(1.0, 0.4 + 0.6 * (1 - left / rate / _SECONDS_LEFT)),
            **known,
        )
    elif fill <= _AMPLE:
        yield note(
            "cgroup_room_left",
            _SOURCE,
            f"{format_bytes(left)} of {format_bytes(limit)} were free at the last "
            "reading and nothing grew fast",
            min(1.0, 0.5 + (_AMPLE - fill) * 2),
            **known,
        )


def _host(case: Case, rate: float) -> Iterator[Finding]:
    total = last_reading(case, "host_total")
    free = last_reading(case, "host_available")
    if not total or free is None:
        return
    share = free / total
    known = {"total": total, "available": free}
    text = (
        f"{format_bytes(free)} of {format_bytes(total)} were available on the machine"
    )
    if share < _HOST_LOW or (rate > 0 and free / rate < _SECONDS_LEFT / 2):
        yield note("host_memory_exhausted", _SOURCE, text, **known)
    elif share > _HOST_AMPLE:
        yield note("host_room_left", _SOURCE, text, min(1.0, 0.6 + share), **known)


def _swap(case: Case) -> Iterator[Finding]:
    """Memory pushed out to swap that is full: the machine was out of both."""
    swapped, free = last_reading(case, "swap"), last_reading(case, "swap_free")
    if swapped and swapped > (256 << 20) and free is not None and free < (64 << 20):
        text = (
            f"{format_bytes(swapped)} of the process were swapped out and swap was full"
        )
        yield note("swap_thrash", _SOURCE, text, swap=swapped, swap_free=free)


DETECTOR = Detector(
    id="headroom",
    finds=(
        "cgroup_near_limit",
        "cgroup_limit_in_reach",
        "cgroup_unlimited",
        "cgroup_room_left",
        "host_memory_exhausted",
        "host_room_left",
        "swap_thrash",
    ),
    detect=detect,
    needs=("recording",),
)
