"""
Observe that the training had run before it died.

Libraries that do not fit together fail at their import or at the first step; after a
few steps that worked, the surroundings are as good as cleared.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.kept import steps_counted
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_A_FEW = 3


def detect(case: Case) -> Iterator[Finding]:
    """Yield that steps had been finished."""
    recording = recording_of(case)
    steps = steps_counted(recording) if recording else 0
    if steps >= _A_FEW:
        text = f"{steps:,} steps had run before it died"
        yield note("training_had_run", "dump:progress", text, steps=steps)


DETECTOR = Detector(
    id="training_ran",
    finds=("training_had_run",),
    detect=detect,
    needs=("recording",),
)
