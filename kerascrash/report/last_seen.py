"""Where the program was, for a death that no line is to blame for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report import words
from kerascrash.report.plain import mapping, whole

if TYPE_CHECKING:
    from kerascrash.model.case import Case, Mark

OLD = 1.0
"""Seconds; a look at the stacks that is older than this says so."""


def last_seen(case: Case, stacks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the innermost frame of the user's own code in the main thread."""
    recording = case.recording
    known = {} if isinstance(recording, Unavailable) else recording.blob_times
    taken = known.get("stacks")
    old = taken and case.death and case.death - taken >= OLD
    age = words.before_death(case, taken).replace("before", "before the end")
    for thread in stacks:
        for frame in thread["frames"]:
            if thread["main"] and frame["user"]:
                seen = {
                    **frame,
                    "excerpt": thread["excerpt"],
                    "age": age if old else "",
                }
                return _begun_since(case, taken) or seen
    return _begun_since(case, taken)


def _begun_since(case: Case, taken: float | None) -> dict[str, Any] | None:
    """Return the line of the newest stage that began after ``taken`` and went on."""
    marks = () if isinstance(case.recording, Unavailable) else case.recording.marks
    going: dict[str, Mark] = {}
    for mark in marks:
        stage = str(mark.data.get("stage"))
        if mark.kind == "stage_begin":
            going[stage] = mark
        elif mark.kind == "stage_end":
            going.pop(stage, None)
    newest = max(going.values(), key=lambda mark: mark.time, default=None)
    where = mapping(newest.data.get("where")) if newest else {}
    if newest is None or not where or (taken is not None and newest.time <= taken):
        return None
    return {
        "file": str(where.get("file") or "?"),
        "line": whole(where.get("line")),
        "function": str(where.get("function") or ""),
        "excerpt": (),
        "age": words.before_death(case, newest.time).replace(
            "before", "before the end"
        ),
    }
