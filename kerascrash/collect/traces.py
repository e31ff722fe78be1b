"""
Gather device-memory evidence: traces, allocator maps, and what stderr tells of them.

Traces of several hosts or windows are all kept; which of them belong to the run is told
by their own clock, never by the file's date.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kerascrash.collect.bfc_map import read_bfc_map
from kerascrash.collect.bfc_text import BfcText
from kerascrash.collect.device_profiles import read_device_profiles
from kerascrash.collect.log_stream import open_log, read_pieces
from kerascrash.collect.side_files import read_side_file
from kerascrash.collect.trace_files import (
    MAP,
    PPROF,
    TORCH,
    XPLANE,
    TraceFile,
    find_trace_files,
)
from kerascrash.collect.xplane import read_xplane
from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.evidence import Damage, Unavailable
from kerascrash.model.trace import Trace

_BEFORE_START, _AFTER_DEATH = 10.0, 120.0  # clocks of other hosts differ
_MOST_READ = 3 << 30  # bytes of all files together
_MOST_TEXT = 512 << 20
_WHAT = "profiler trace"
_NO_MEMORY = "memory in "
_PROFILES = (PPROF, TORCH)
_WORDS = (
    *(b"bfc_allocator", b"ran out of memory", b"OOM when allocating", b"MaxInUse:"),
    *(b"BFCAllocator", b"{{node", b"[Op:"),
)


@dataclass(slots=True)
class DeviceEvidence:
    """What was found; ``found`` goes to Case.traces."""

    found: list[Trace | AllocatorMap] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)


def read_traces(
    paths: Sequence[str], start: float | None = None, death: float | None = None
) -> DeviceEvidence:
    """
    Return the evidence in files and folders.

    With ``start`` and ``death`` (Unix seconds) only traces of that time are kept, if
    there are any of it: the others are of another run in the same folder.
    """
    evidence = DeviceEvidence()
    left = _MOST_READ
    known: set[str] = set()
    for path in dict.fromkeys(paths):
        files, more = find_trace_files(path)
        if not files:
            reason = (
                "there is none in it" if os.path.isdir(path) else "it does not exist"
            )
            evidence.unavailable.append(Unavailable(f"{_WHAT} {path}", reason))
        if more:
            reason = f"{more} older files were left out"
            evidence.unavailable.append(Unavailable(f"{_WHAT} {path}", reason))
        files = _not_yet(files, known)
        evidence.found += read_device_profiles(
            [(one.path, one.kind == PPROF) for one in files if one.kind in _PROFILES]
        )
        for file in _ends_of_maps(files):
            left -= _size(file.path)
            if left < 0:
                reason = "too much to read: newer ones were taken"
                evidence.unavailable.append(Unavailable(f"{_WHAT} {file.path}", reason))
                break
            _read(file, evidence)
    _keep_own(evidence, start, death)
    _join_missing(evidence)
    return evidence


def _not_yet(files: list[TraceFile], known: set[str]) -> list[TraceFile]:
    """Return those of no folder before: one may lie within another."""
    real = {os.path.realpath(one.path): one for one in files}
    new = [one for path, one in real.items() if path not in known]
    known.update(real)
    return new


def _join_missing(evidence: DeviceEvidence) -> None:
    """Say once why several traces tell nothing of memory."""
    without: dict[str, list[Unavailable]] = {}
    for one in evidence.unavailable:
        if one.what.startswith(_NO_MEMORY):
            without.setdefault(one.reason, []).append(one)
    for reason, rows in without.items():
        if len(rows) > 1:
            joined = Unavailable(f"{_NO_MEMORY}{len(rows)} traces", reason)
            others = [one for one in evidence.unavailable if one not in rows]
            evidence.unavailable = [*others, joined]


def _ends_of_maps(files: list[TraceFile]) -> list[TraceFile]:
    """Keep of the maps the first and the last: between them it only tried again."""
    maps = sorted((f for f in files if f.kind == MAP), key=lambda f: f.path[-17:])
    kept = {id(one) for one in (*maps[:1], *maps[-1:])}
    return [one for one in files if one.kind != MAP or id(one) in kept]


def _read(file: TraceFile, evidence: DeviceEvidence) -> None:
    if file.kind in _PROFILES:
        return
    if file.kind == MAP:
        try:
            found = read_bfc_map(file.path)
        except OSError:
            found = None
        if found is not None:
            evidence.found.append(found)
        return
    trace = (
        read_xplane(file.path)
        if file.kind == XPLANE
        else read_side_file(file.path, file.kind)
    )
    why = "; ".join(trace.notes)
    if trace.status in ("empty", "not a trace"):
        reason = f"{trace.status}{': ' if why else ''}{why}"
        evidence.unavailable.append(Unavailable(f"{_WHAT} {file.path}", reason))
        return
    evidence.found.append(trace)
    if trace.status != "ok":
        text = (
            f"{trace.status}: {trace.recovered:,} events recovered, {trace.bad:,} bad"
        )
        evidence.damage.append(Damage(file.path, f"{text}{'; ' if why else ''}{why}"))
    elif not trace.allocators:
        reason = why or "it holds no memory events"
        evidence.unavailable.append(Unavailable(f"{_NO_MEMORY}{file.path}", reason))


def _keep_own(
    evidence: DeviceEvidence, start: float | None, death: float | None
) -> None:
    if start is None or death is None:
        return
    first, last = start - _BEFORE_START, death + _AFTER_DEATH

    def is_own(one: Trace | AllocatorMap) -> bool:
        begin = one.begin if isinstance(one, Trace) else one.time
        return begin is None or first <= begin <= last

    own = [one for one in evidence.found if is_own(one)]
    strange = len(evidence.found) - len(own)
    if strange:
        reason = f"{strange} lie outside the time of this run and were left out"
        evidence.unavailable.append(Unavailable("other traces", reason))
        evidence.found = own


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def maps_in_file(path: str) -> tuple[AllocatorMap, ...]:
    """Return the failed requests that a log file tells of. Raises OSError."""
    stream, _ = open_log(path)
    reader = BfcText(path)
    with stream:
        for number, line in _lines(read_pieces(stream)):
            reader.add(number, line.decode("utf-8", "replace"))
    return reader.maps()


def _lines(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines of the pieces that speak of an allocator."""
    rest, number, read = b"", 0, 0
    for piece in pieces:
        read += len(piece)
        if read > _MOST_TEXT:
            break
        text = rest + piece
        if any(word in text for word in _WORDS):
            *whole, rest = text.split(b"\n")
            yield from enumerate(whole, number + 1)
            number += len(whole)
        else:
            number += text.count(b"\n")
            rest = text[text.rfind(b"\n") + 1 :]
        rest = rest[: 1 << 16]  # of a line that never ends
    yield number + 1, rest
