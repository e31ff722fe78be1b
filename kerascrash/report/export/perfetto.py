"""
The run as tracks for Perfetto (https://ui.perfetto.dev) and chrome://tracing.

Written in the Trace Event Format, the JSON that both open: counters for every quantity,
slices for stages, epochs, steps and stacks, instants for what happened. Times are
microseconds since 1970.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kerascrash.model.case import Case
from kerascrash.model.evidence import Unavailable
from kerascrash.report.export.tracks import (
    counters_of,
    instants_of,
    slices_of,
    unit_of,
)
from kerascrash.report.plain import plain

_HAPPENINGS = 1
_FIRST_TRACK = 10
_MICRO = 1_000_000


def render(case: Case) -> str:
    """Return the JSON text, ASCII."""
    document = {
        "traceEvents": list(_events(case)),
        "displayTimeUnit": "ms",
        "otherData": {"made_by": "kerascrash", "clock": "unix"},
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"


def _events(case: Case) -> Iterator[dict[str, Any]]:
    pid, name = who(case)
    yield _named(pid, 0, "process_name", name)
    yield _named(pid, _HAPPENINGS, "thread_name", "events")
    tracks: dict[str, int] = {}
    for one in slices_of(case):
        if one.track not in tracks:
            tracks[one.track] = _FIRST_TRACK + len(tracks)
            yield _named(pid, tracks[one.track], "thread_name", one.track)
        yield {
            "ph": "X",
            "name": plain(one.name),
            "cat": one.track.split(" ", 1)[0],
            "pid": pid,
            "tid": tracks[one.track],
            "ts": _micro(one.begin),
            "dur": max(_micro(one.end) - _micro(one.begin), 0),
            "args": plain(one.data),
        }
    for mark in instants_of(case):
        yield {
            "ph": "i",
            "name": mark.kind,
            "cat": "events",
            "s": "p",
            "pid": pid,
            "tid": _HAPPENINGS,
            "ts": _micro(mark.time),
            "args": plain(mark.data),
        }
    for counter, points in counters_of(case).items():
        for time, value in points:
            yield {
                "ph": "C",
                "name": counter,
                "pid": pid,
                "tid": 0,
                "ts": _micro(time),
                "args": {unit_of(counter): value},
            }


def who(case: Case) -> tuple[int, str]:
    process = case.process
    if isinstance(process, Unavailable):
        return 1, "process"
    return process.pid, str(plain(process.script or process.comm or "process"))


def _named(pid: int, tid: int, kind: str, name: str) -> dict[str, Any]:
    return {
        "ph": "M",
        "name": kind,
        "pid": pid,
        "tid": tid,
        "ts": 0,
        "args": {"name": plain(name)},
    }


def _micro(time: float) -> int:
    return round(time * _MICRO)
