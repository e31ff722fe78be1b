"""
Observe how the record ends: an orderly exit, an exit in mid-run, or silence.

Silence means that nothing in the process could say a word: SIGKILL, a fatal signal, a
power cut. A recorder that was taken out would look the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, ExitStatus, Mark, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_SOURCE = "dump:events"
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
        yield from _orderly(ends[-1], bool(raised), case)
    elif recording.state in ("finished", "dismissed"):
        yield note("dump_finished", _SOURCE, "the main script ran to its end")
    elif case.same_boot is False and not isinstance(case.exit, ExitStatus):
        text = "the machine has been started anew since, and the record has no end"
        yield note("boot_id_changed", "dump:header", text)
    elif not raised:
        yield from _silence(case, recording)


def _orderly(mark: Mark, raised: bool, case: Case) -> Iterator[Finding]:
    how, status = str(mark.data.get("how") or ""), mark.data.get("status")
    code = case.exit.code if isinstance(case.exit, ExitStatus) else None
    known = {"how": how, "status": status}
    failed = bool(status) or bool(code)
    if "_exit" in how and failed:
        text = f"os._exit({status}) ended it: no clean-up, no traceback"
        yield note("left_by_os_exit", _SOURCE, text, 1.0, mark.time, **known)
    elif failed and not raised:
        text = f"sys.exit({status}) ended it without a traceback"
        yield note("left_by_sys_exit", _SOURCE, text, 1.0, mark.time, **known)
    elif not raised:
        text = "the main script ran to its end"
        yield note("dump_finished", _SOURCE, text, 1.0, mark.time, **known)


def _silence(case: Case, recording: Recording) -> Iterator[Finding]:
    if isinstance(case.exit, ExitStatus) and case.exit.code:
        yield note(
            "left_without_traceback",
            _SOURCE,
            f"exit status {case.exit.code}, and no uncaught exception was recorded: "
            "native code or os._exit() ended the process",
            code=case.exit.code,
        )
    elif not isinstance(case.exit, ExitStatus) or case.exit.signal is not None:
        text = "the record stops in mid-run without exit, exception or signal"
        yield note("record_stops_silently", _SOURCE, text, 1.0, recording.last_sample)


DETECTOR = Detector(
    id="ending",
    finds=(
        "exit_witnessed",
        "dump_finished",
        "left_by_os_exit",
        "left_by_sys_exit",
        "left_without_traceback",
        "record_stops_silently",
        "boot_id_changed",
    ),
    detect=detect,
    needs=("recording",),
)
