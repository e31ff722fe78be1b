"""The evidence of a case as JSON data: what jsonfile.py puts beside the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.model.case import Case, ExitStatus, Log, Recording
from kerascrash.model.evidence import Evidence, Place, Unavailable
from kerascrash.report.plain import mappings
from kerascrash.report.series import merged_points, series_names, thin

if TYPE_CHECKING:
    from collections.abc import Iterable

SLICES = 250
"""Slices of time per series: at most four readings of each are written."""
MOST_LINES = 400
MOST_MARKS = 5000


def place_object(place: Place | None) -> dict[str, Any]:
    """Return file, line and function, null where the place is not known."""
    if place is None:
        return {"file": None, "line": None, "function": None}
    return {"file": place.file, "line": place.line, "function": place.function or None}


def unavailable_object(unavailable: Unavailable) -> dict[str, Any]:
    """Return a source that could not be looked at."""
    return {"what": unavailable.what, "reason": unavailable.reason}


def evidence_object(evidence: Evidence) -> dict[str, Any]:
    """Return one fact with its provenance."""
    return {
        "id": evidence.id,
        "source": evidence.source,
        "line": evidence.line,
        "time": evidence.time,
        "text": evidence.text,
        "data": dict(evidence.data),
    }


def exit_object(case: Case) -> dict[str, Any]:
    """Return how the process ended; ``known_by`` is null when nobody saw it."""
    status = case.exit
    if isinstance(status, Unavailable):
        status = ExitStatus(known_by="")
    return {
        "code": status.code,
        "signal": status.signal,
        "ntstatus": status.ntstatus,
        "core_dumped": status.core_dumped,
        "known_by": status.known_by or None,
    }


def core_object(case: Case) -> dict[str, Any] | None:
    """Return what the notes of the core file tell, null where there is none."""
    core = case.core
    if core is None:
        return None
    return {
        "source": core.source,
        "machine": core.machine,
        "signal": core.signal,
        "code": core.code,
        "address": _hexadecimal(core.address),
        "sender": core.sender,
        "pid": core.pid,
        "thread": core.thread,
        "name": core.name,
        "arguments": list(core.arguments),
        "pc": _hexadecimal(core.pc),
        "library": core.at.path if core.at else None,
        "library_offset": _hexadecimal(core.pc_offset),
        "touched": core.touched.path if core.touched else None,
        "complete": core.complete,
    }


def _hexadecimal(number: int | None) -> str | None:
    """Addresses are beyond what JavaScript's numbers hold exactly."""
    return None if number is None else f"0x{number:x}"


def process_object(case: Case) -> dict[str, Any]:
    """Return who died, and when."""
    process = case.process
    known = None if isinstance(process, Unavailable) else process
    recording = None if isinstance(case.recording, Unavailable) else case.recording
    return {
        "pid": known.pid if known else None,
        "argv": list(known.argv) if known else [],
        "comm": known.comm if known else None,
        "script": known.script if known else None,
        "cwd": known.cwd if known else None,
        "start": known.start if known else None,
        "boot_id": known.boot_id if known else None,
        "main": known.is_main if known else None,
        "death": case.death,
        "same_boot": case.same_boot,
        "platform": case.platform,
        "dump": recording.source if recording else None,
        "state": recording.state if recording else None,
    }


def stacks_list(case: Case) -> list[dict[str, Any]]:
    """Return the threads of the newest stacks as they were written."""
    if isinstance(case.recording, Unavailable):
        return []
    return [dict(thread) for thread in mappings(case.recording.stacks.get("threads"))]


def logs_list(logs: Iterable[Log]) -> list[dict[str, Any]]:
    """Return the last lines kept of every log."""
    return [
        {
            "kind": log.kind,
            "source": log.source,
            "complete": log.complete and len(log.lines) <= MOST_LINES,
            "total_lines": log.total_lines,
            "lines": [
                {"number": line.number, "time": line.time, "text": line.text}
                for line in log.lines[-MOST_LINES:]
            ],
        }
        for log in logs
    ]


def timeline_object(case: Case) -> dict[str, Any]:
    """Return readings and marks; series of one quantity are merged and thinned."""
    recording = case.recording
    if isinstance(recording, Unavailable):
        return {
            "start": None,
            "end": case.death,
            "last_sample": None,
            "series": {},
            "marks": [],
        }
    return {
        "start": _start(case, recording),
        "end": case.death or recording.last_sample,
        "last_sample": recording.last_sample,
        "series": {
            name: thin(merged_points(recording, name), SLICES)
            for name in series_names(recording)
        },
        "marks": [
            {"time": mark.time, "kind": mark.kind, "data": dict(mark.data)}
            for mark in recording.marks[-MOST_MARKS:]
        ],
    }


def _start(case: Case, recording: Recording) -> float | None:
    times = [s.times[0] for s in recording.series if s.times]
    times += [mark.time for mark in recording.marks[:1]]
    if not isinstance(case.process, Unavailable) and case.process.start is not None:
        times.append(case.process.start)
    return min(times, default=None)
