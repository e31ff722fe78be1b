"""How much memory the process held when it died, and how that is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.timeline import peak_of, recording_of, stage_name, value_at
from kerascrash.model.case import Case, LogLine, Process, Recording

_KILLED = re.compile(r"[Kk]ill(?:ed)? process (?P<pid>\d+)(?:,| \()")
_SHARE = re.compile(r"(anon|file|shmem)-rss:(\d+)kB")
_WINDOW_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Resident:
    """
    Resident bytes at death; ``known_by`` says from where.

    ``private`` leaves out mapped files; it is 0 where only the sum is known.
    """

    bytes: int
    known_by: str
    private: int = 0


def certificate_of(case: Case) -> Mapping[str, Any]:
    """Return the death certificate, empty where there is none."""
    return case.certificate if isinstance(case.certificate, Mapping) else {}


def _is_of(line: LogLine, case: Case, pids: set[int]) -> bool:
    """Tell whether a kill line is about this process; a pid comes round again."""
    match = _KILLED.search(line.text)
    if match is None or int(match["pid"]) not in pids:
        return False
    if line.time is None or case.death is None:
        return True
    return abs(line.time - case.death) <= _WINDOW_SECONDS


def resident_in_kernel_line(case: Case) -> Resident | None:
    """Return what the kernel counted when it killed this very process."""
    if not isinstance(case.process, Process):
        return None
    pids = {case.process.pid, *case.process.outer_pids}
    for log in case.logs:
        if log.kind != "kernel":
            continue
        for line in reversed(log.lines):
            shares = {name: int(kb) << 10 for name, kb in _SHARE.findall(line.text)}
            if shares and _is_of(line, case, pids):
                total = sum(shares.values())
                private = total - shares.get("file", 0)
                return Resident(total, "the kernel's own line", private)
    return None


def last_reading(case: Case, name: str = "rss") -> int | None:
    """Return the newest reading of anybody: the certificate's, else the rings'."""
    sample = certificate_of(case).get("last_sample") or {}
    value = (sample.get("values") or {}).get(name)
    if isinstance(value, int) and value >= 0:
        return value
    recording = recording_of(case)
    return recording.last(name) if recording else None


def mapped_files(case: Case) -> int:
    """
    Return the resident bytes of mapped files before the kernel took any of them back.

    Where a limit is reached, pages of files are given up before anything is killed: the
    last reading tells of what was left of them, the highest one what there was.
    """
    recording = recording_of(case)
    rows = recording.series if recording else ()
    seen = [max(one.values) for one in rows if one.name == "file" and one.values]
    return max([last_reading(case, "file") or 0, *seen])


def resident_at_death(case: Case) -> Resident | None:
    """Return resident bytes at death: kernel line, else the last outside reading."""
    told = resident_in_kernel_line(case)
    if told is not None:
        return told
    value = last_reading(case)
    return None if value is None else Resident(value, "the last reading")


def peak_resident(case: Case) -> int | None:
    """Return the highest resident bytes that anybody saw."""
    recording = recording_of(case)
    top = peak_of(recording.find_series("rss")) if recording else None
    final = resident_at_death(case)
    levels = ([top[1]] if top else []) + ([final.bytes] if final else [])
    return max(levels, default=None)


def runtime_baseline(recording: Recording) -> int | None:
    """
    Return resident bytes of interpreter and libraries alone.

    That is the level when the last import ended; without such a mark, what a complete
    scan of the inventory leaves over.
    """
    series = recording.find_series("rss")
    if series is None:
        return None
    ends = [
        mark.time
        for mark in recording.marks
        if mark.kind == "stage_end" and stage_name(mark) == "import"
    ]
    recorder = next(
        (s for s in recording.series if s.name == "rss" and s.origin == "recorder"),
        series,
    )
    level = value_at(recorder, ends[-1]) or value_at(series, ends[-1]) if ends else None
    if level is not None:
        return level
    scanned = recording.blob_times.get("inventory")
    held = recording.inventory.get("total_bytes")
    at_scan = value_at(series, scanned) if scanned else None
    complete = recording.inventory.get("complete") is not False
    if at_scan is not None and isinstance(held, int) and complete:
        return max(min(at_scan - held, at_scan), 0)
    return None
