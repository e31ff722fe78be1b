"""
Observe what weights, gradients and optimizer slots take of all that the process grew.

A model that is being built when the process dies has no recorded size; then the stack
tells that its variables were being created.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.rise import Rise, rise_of
from kerascrash.estimate.stacks import activity_of
from kerascrash.estimate.timeline import open_stages, recording_of, stage_name, value_at
from kerascrash.estimate.unheld import unheld_bytes
from kerascrash.estimate.unseen import grown_unseen
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.1
_TRIFLE = 0.05
"""Of all that the process holds: what is less ends nothing, whatever else it was."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the share of the models' own bytes, and whether one was being built."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None or rise.total <= 0:
        return
    models = models_of(recording)
    needed = sum(model.training for model in models)
    if needed / rise.whole >= _LEAST_SHARE:
        biggest = models[0]
        text = (
            f"`{biggest.name}` needs {format_bytes(needed)} whatever the batch: "
            f"weights {format_bytes(biggest.weights)}, gradients "
            f"{format_bytes(biggest.gradients)}, {biggest.optimizer or 'optimizer'} "
            f"slots {format_bytes(biggest.slots)}"
        )
        if biggest.partial:
            text = f"weights of {format_bytes(biggest.weights)} had been asked for"
        yield note(
            "weights_dominate",
            "dump:models",
            text,
            needed / rise.whole,
            bytes=needed,
            model=biggest.name,
        )
    yield from _being_built(case, recording, rise)


def _being_built(case: Case, recording: Recording, rise: Rise) -> Iterator[Finding]:
    activity = activity_of(recording)
    stages = open_stages(recording)
    building = [mark for mark in stages if stage_name(mark) in ("build", "compile")]
    if activity not in ("weights", "slots") and not building:
        return
    if grown_unseen(case) is not None:
        return  # neither the stack nor the stage is of the call that took it
    series = recording.find_series("rss")
    before = value_at(series, building[-1].time) if building else None
    grown = rise.final - before if before is not None else unheld_bytes(case)
    what = "an optimizer's slots" if activity == "slots" else "a layer's weights"
    share = min(max(grown, 0) / rise.whole, 1.0)
    if share >= _LEAST_SHARE and grown >= _TRIFLE * (last_reading(case) or 0):
        text = f"it died while {what} were being created, {format_bytes(grown)} into it"
        yield note("weights_being_made", "dump:stacks", text, share, bytes=grown)


DETECTOR = Detector(
    id="model_weight",
    finds=("weights_dominate", "weights_being_made"),
    detect=detect,
    needs=("recording",),
)
