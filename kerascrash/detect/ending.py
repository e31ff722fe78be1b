"""
Observe how the record ends: an orderly exit, an exit in mid-run, or silence.

Silence means that nothing in the process could say a word: SIGKILL, a fatal signal, a
power cut. A recorder that was taken out would look the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import open_stages, recording_of, stage_name
from kerascrash.model.case import Case, ExitStatus, Mark, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_SOURCE = "dump:events"
_RUNS = frozenset({"fit", "evaluate", "predict"})
"""Stages whose end is always recorded, unless the process ends first."""
_WITNESSES = frozenset({"pidfd", "zombie", "parent"})


def detect(case: Case) -> Iterator[Finding]:
    """Yield what the end of the record shows."""
    recording = recording_of(case)
    if recording is None:
        return
    if isinstance(case.exit, ExitStatus) and case.exit.known_by in _WITNESSES:
        text = f"how it ended was seen at first hand ({case.exit.known_by})"
        yield note("exit_witnessed", "dump:certificate", text)
    ends = [mark for mark in recording.marks if mark.kind == "exit"]
    raised = [mark for mark in recording.marks if mark.kind == "exception"]
    if ends:
        yield from _orderly(ends[-1], bool(raised), case, recording)
    elif recording.state in ("finished", "dismissed"):
        yield note("dump_finished", _SOURCE, "the main script ran to its end")
    elif case.same_boot is False and not isinstance(case.exit, ExitStatus):
        text = "the machine has been started anew since, and the record has no end"
        yield note("boot_id_changed", "dump:header", text)
    elif not raised:
        yield from _silence(case, recording)


def _orderly(
    mark: Mark, raised: bool, case: Case, recording: Recording
) -> Iterator[Finding]:
    how, status = str(mark.data.get("how") or ""), mark.data.get("status")
    code = case.exit.code if isinstance(case.exit, ExitStatus) else None
    known = {"how": how, "status": status}
    failed = bool(status) or bool(code)
    inside = _run_cut_short(recording) if "_exit" in how else ""
    if inside:
        text = f"it was left inside {inside}, which had not ended"
        yield note("left_in_mid_run", _SOURCE, text, 1.0, mark.time, **known)
    if "_exit" in how and (failed or inside):
        text = f"os._exit({status}) ended it: no clean-up, no traceback"
        yield note("left_by_os_exit", _SOURCE, text, 1.0, mark.time, **known)
    elif failed and not raised:
        text = f"sys.exit({status}) ended it without a traceback"
        yield note("left_by_sys_exit", _SOURCE, text, 1.0, mark.time, **known)
    elif not raised:
        text = "the main script ran to its end"
        if "_exit" in how:
            text = "os._exit(0) ended it, outside any run"
        yield note("dump_finished", _SOURCE, text, 1.0, mark.time, **known)


def _run_cut_short(recording: Recording) -> str:
    """Return the run of Keras' that was under way at the end, "" if none was."""
    names = [stage_name(mark) for mark in open_stages(recording)]
    return next((name for name in reversed(names) if name in _RUNS), "")


def _silence(case: Case, recording: Recording) -> Iterator[Finding]:
    if isinstance(case.exit, ExitStatus) and case.exit.code:
        yield note(
            "left_without_traceback",
            _SOURCE,
            f"exit status {case.exit.code}, and no uncaught exception was recorded: "
            "native code or os._exit() ended the process",
            code=case.exit.code,
        )
    elif isinstance(case.exit, ExitStatus) and case.exit.code == 0:
        inside = _run_cut_short(recording)
        if inside:
            text = f"exit status 0, but inside {inside}: native code called exit()"
            yield note("left_in_mid_run", _SOURCE, text, 1.0, recording.last_sample)
    elif not isinstance(case.exit, ExitStatus) or case.exit.signal is not None:
        text = "the record stops in mid-run without exit, exception or signal"
        yield note("record_stops_silently", _SOURCE, text, 1.0, recording.last_sample)


DETECTOR = Detector(
    id="ending",
    finds=(
        "exit_witnessed",
        "dump_finished",
        "left_by_os_exit",
        "left_in_mid_run",
        "left_by_sys_exit",
        "left_without_traceback",
        "record_stops_silently",
        "boot_id_changed",
    ),
    detect=detect,
    needs=("recording",),
)
