"""
Observe signals that Python saw and that the recorder noted before the end.

A signal that was noted long before the end did not end it.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_FINDINGS = {1: "saw_sighup", 2: "saw_sigint", 15: "saw_sigterm", 24: "saw_sigxcpu"}
_SECONDS_BEFORE_END = 30.0  # Kubernetes' grace period, Slurm's KillWait


def detect(case: Case) -> Iterator[Finding]:
    """Yield the signals of the last half minute."""
    recording = recording_of(case)
    if recording is None:
        return
    end = case.death or recording.last_sample
    for mark in recording.marks:
        finding = _FINDINGS.get(mark.data.get("number") or 0)
        if mark.kind != "signal" or finding is None:
            continue
        if end is None or end - mark.time <= _SECONDS_BEFORE_END:
            name = str(mark.data.get("name") or mark.data.get("number"))
            text = f"the process received {name}"
            yield note(finding, "dump:events", text, 1.0, mark.time, name=name)


DETECTOR = Detector(
    id="python_signals",
    finds=tuple(_FINDINGS.values()),
    detect=detect,
    needs=("recording",),
)
