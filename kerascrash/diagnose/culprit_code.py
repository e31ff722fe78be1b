"""The line of the user's code at death: of the exception, else of the newest stacks."""

from __future__ import annotations

from dataclasses import replace

from kerascrash.diagnose.raised_part import raised_part
from kerascrash.estimate.places import read_place
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.stacks import innermost_user_place, is_library
from kerascrash.estimate.statements import statement_at
from kerascrash.estimate.timeline import open_stages, recording_of, stage_name
from kerascrash.estimate.traceback_text import told_place, user_place
from kerascrash.model.case import Case, Mark, Recording
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Culprit
from kerascrash.units import format_seconds

_FRESH_SECONDS = 0.05
_RUNNING = "the line that was running"
_RAISED = frozenset({
    "python_exception", "alloc_failure", "disk_full", "fd_limit",
    "thread_or_process_limit", "stack_overflow", "gpu_oom", "silent_exit",
})  # fmt: skip


def code_culprit(case: Case, cause: str) -> Culprit | None:
    """Return the innermost line of the user's own code that was running."""
    recording = recording_of(case)
    if recording is None:
        return _printed_culprit(case) if cause in _RAISED else None
    raised = [mark for mark in recording.marks if mark.kind == "exception"]
    place = None
    kind = _RUNNING
    if raised and cause in _RAISED:
        place = raised_place(raised[-1], recording)
        kind = f"the line that raised {_type_of(raised[-1])}"
    owner = raised_part(raised[-1].data, place) if place else ""
    note = ""
    if cause == "silent_exit":
        place, kind = _exit_place(recording) or place, "the line that left"
        owner = ""
    if place is None:
        place, note = _last_known(case, recording)
        kind = note.replace("as last seen", "the line last seen running,") or _RUNNING
    if cause == "hang" and note:
        kind = "the line it stood at"
    if place is None:
        return None
    owner = owner or _name_of(place, recording)
    return Culprit(owner, kind, place=place, note=note)


def _printed_culprit(case: Case) -> Culprit | None:
    """Return the user's line in the last traceback; nothing was armed."""
    place = user_place(case)
    if place is None:
        return None
    statement = statement_at(place)
    owner = statement.calls[0] if statement and statement.calls else place.function
    return Culprit(owner, "the line in the last traceback", place=place)


def _name_of(place: Place, recording: Recording) -> str:
    """Return what the line calls; of a stage's line without its text, the stage."""
    statement = statement_at(place)
    if statement is not None and statement.calls:
        return statement.calls[0]
    for stage in open_stages(recording):
        begun_at = read_place(stage.data.get("where"))
        if begun_at and (begun_at.file, begun_at.line) == (place.file, place.line):
            name = stage_name(stage)  # a loop of the user's own has no call's name
            return name if name != "custom" else place.function or name
    return place.function or place.file


def refused_culprit(case: Case) -> Culprit | None:
    """Return the array whose allocation was refused, and the line that wanted it."""
    recording = recording_of(case)
    refusal = refusal_in(recording) if recording else None
    if recording is None or refusal is None:
        return None
    place = raised_place(refusal.mark, recording)
    statement = statement_at(place)
    named = (*statement.targets, *statement.calls) if statement else ()
    kind = f"{refusal.dtype} array of shape {refusal.shape} that was refused"
    return Culprit(next(iter(named), "array"), kind, refusal.bytes, None, place)


def _exit_place(recording: Recording) -> Place | None:
    """Return the line that called os._exit or sys.exit, as it was recorded."""
    ends = [mark for mark in recording.marks if mark.kind == "exit"]
    return read_place(ends[-1].data.get("where")) if ends else None


def _last_known(case: Case, recording: Recording) -> tuple[Place | None, str]:
    """
    Return the line that ran when the program was last seen, and how old that is.

    Seen by the last look at the stacks, or by the last stage that began and did not
    end, such as ``fit``: whichever is newer.
    """
    place = innermost_user_place(recording)
    taken = recording.blob_times.get("stacks") if place else None
    for stage in open_stages(recording):
        begun_at = read_place(stage.data.get("where"))
        newer = place is None or (taken is not None and stage.time > taken)
        if begun_at is not None and newer:
            place, taken = _with_text(begun_at, recording), stage.time
    if taken is None or case.death is None or case.death - taken < _FRESH_SECONDS:
        return place, ""
    return place, f"as last seen {format_seconds(case.death - taken)} before the death"


def _with_text(place: Place, recording: Recording) -> Place:
    """Return the place with its source lines, if the stacks' excerpt holds them."""
    seen = innermost_user_place(recording)
    if place.excerpt or seen is None or seen.file != place.file:
        return place
    shown = any(number == place.line for number, _ in seen.excerpt)
    return replace(place, excerpt=seen.excerpt) if shown else place


def _type_of(mark: Mark) -> str:
    return str(mark.data.get("type") or "an exception").rsplit(".", 1)[-1]


def raised_place(mark: Mark, recording: Recording) -> Place | None:
    """Return the innermost line of user code that an exception came through."""
    told = told_place(str(mark.data.get("message") or ""))
    if told is not None:
        return told
    recorded = read_place(mark.data.get("place"))
    if recorded is not None and (recorded.excerpt or not is_library(recorded.file)):
        return recorded
    rows = mark.data.get("traceback") or ()
    own = [row for row in rows if len(row) >= 3 and not is_library(str(row[0]))]
    if not own:
        return None
    file, line, function = str(own[-1][0]), int(own[-1][1] or 0), str(own[-1][2])
    newest = innermost_user_place(recording)
    if newest is not None and (newest.file, newest.line) == (file, line):
        return newest
    source = str(own[-1][3]) if len(own[-1]) > 3 and own[-1][3] else ""
    return Place(file, line, function, ((line, source),) if source else ())
