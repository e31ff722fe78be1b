"""
Observe what a single step needs: memory that jumps with the first steps of a run.

Activations are the recorded layers' outputs times the batch; where shapes are not
known, what the first steps took beyond weights, gradients and slots stands in for them.
A leak also rises during a run, but goes on after the first steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.kept import leaks
from kerascrash.estimate.model_arithmetic import ModelBytes, batch_size_of, models_of
from kerascrash.estimate.one_sample import too_large_sample
from kerascrash.estimate.rise import Rise, rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.1
_INFERRED = 0.8
_BACKWARD = 4  # outputs, their gradients, and workspaces of convolutions


def detect(case: Case) -> Iterator[Finding]:
    """Yield the jump of the first steps and what activations explain of it."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None or rise.in_stage is None or rise.total <= 0:
        return
    batch, models = batch_size_of(recording), models_of(recording)
    if rise.is_in_first_steps and rise.in_stage >= _LEAST_SHARE * rise.total:
        yield note(
            "rise_in_first_steps",
            "dump:samples",
            f"memory jumped by {format_bytes(rise.in_stage)} within the first steps of "
            f"{rise.stage or 'a forward pass'}",
            rise.in_stage / rise.whole,
            bytes=rise.in_stage,
        )
        yield from _activations(case, rise, models, batch)
    elif not rise.is_in_first_steps and rise.in_stage < _LEAST_SHARE * rise.total:
        text = f"{rise.steps:,} steps of {rise.stage} ran without needing more memory"
        yield note("steps_fitted", "dump:samples", text, steps=rise.steps)


def _activations(
    case: Case, rise: Rise, models: tuple[ModelBytes, ...], batch: int | None
) -> Iterator[Finding]:
    if rise.in_stage is None:
        return
    own = models[0] if models else None
    computed = own.activations if own and batch else 0
    fixed = (own.gradients + own.slots) if own else 0
    leaked = sum(kept.bytes for kept in leaks(case))
    inferred = int(_INFERRED * max(rise.in_stage - fixed - leaked, 0))
    if computed:  # known shapes bound what a step can need beyond them
        inferred = min(inferred, _BACKWARD * computed)
    needed = max(min(computed, rise.in_stage), inferred)
    share = needed / rise.whole
    if share < _LEAST_SHARE:
        return
    text = (
        f"the layers' outputs for a batch of {batch:,} are {format_bytes(computed)}"
        if computed >= inferred and batch
        else f"one step took {format_bytes(inferred)} beyond weights and gradients"
    )
    data = {"bytes": needed, "computed": computed, "batch_size": batch}
    yield note("activations_dominate", "dump:models", text, share, **data)
    one = too_large_sample(case)
    if one is not None:
        text = f"`{one.layer.name}` keeps {format_bytes(one.bytes)} of one sample: not "
        text += "even a batch of one would fit"
        yield note("one_sample_too_large", "dump:models", text, bytes=one.bytes)


DETECTOR = Detector(
    id="step_memory",
    finds=(
        "rise_in_first_steps",
        "activations_dominate",
        "one_sample_too_large",
        "steps_fitted",
    ),
    detect=detect,
    needs=("recording",),
)
