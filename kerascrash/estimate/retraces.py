"""
Traced functions as the RETRACE events tell of them, and how much of the rise they are.

The first traces of a function are normal: one per signature. Graphs that were freed
again cost nothing: a function that a library makes for each call is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.places import read_place
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Mark
from kerascrash.model.evidence import Place

MANY_TRACES = 6
_STOPPED = 0.5


@dataclass(frozen=True, slots=True)
class Retraced:
    """
    One function: how often it was traced, ``alive`` graphs, bytes that tracing took.

    ``share`` is the part of the whole rise, 0…1, None where no bytes were recorded;
    ``goes_on`` tells that traces did not stop early; ``varies`` says what differed.
    """

    function: str
    count: int
    alive: int
    bytes: int
    share: float | None
    goes_on: bool
    varies: str
    place: Place | None
    called: Place | None
    time: float


def retraced(case: Case) -> tuple[Retraced, ...]:
    """Return functions with many graphs alive, the one with the most bytes first."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None:
        return ()
    marks: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in recording.marks:
        if mark.kind == "retrace":
            key = tuple(str(mark.data.get(k)) for k in ("function", "file", "line"))
            marks.setdefault((key[0], key[1], key[2]), []).append(mark)
    end = case.death or recording.last_sample
    total = rise.total if rise else 0
    rows = [_retraced(each, end, total) for each in marks.values()]
    many = [row for row in rows if min(row.count, row.alive) >= MANY_TRACES]
    return tuple(sorted(many, key=lambda row: (-row.bytes, -row.count)))


def _retraced(marks: list[Mark], end: float | None, total: int) -> Retraced:
    first, last = marks[0], marks[-1]
    data = last.data
    count = _whole(data.get("count"))
    alive = _whole(data.get("alive"), count)
    size = _whole(data.get("bytes"))
    if count:  # what was freed again is not held
        size = size * alive // count
    whole = (end or last.time) - first.time
    return Retraced(
        function=str(data.get("function") or "?"),
        count=count,
        alive=alive,
        bytes=size,
        share=min(size / total, 1.0) if total and size else None,
        goes_on=(end or last.time) - last.time <= _STOPPED * whole or whole <= 0,
        varies=_what_varies(data.get("varies")),
        place=read_place(data),
        called=read_place(data.get("called")),
        time=last.time,
    )


def _whole(raw: object, default: int = 0) -> int:
    return raw if isinstance(raw, int) and raw >= 0 else default


def _what_varies(raw: Any) -> str:
    """Return ``Python value of number (7, then 8)`` and the like, "" if not known."""
    parts = []
    for name, row in raw.items() if isinstance(raw, Mapping) else ():
        if isinstance(row, (list, tuple)) and len(row) == 3:
            before, now = (str(text).partition(" ")[2] or str(text) for text in row[1:])
            parts.append(f"{row[0]} of `{name}` ({before}, then {now})")
    return ", ".join(parts[:3])
