"""When the memory rose: before the training, at its first steps, or all along."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.children import held_by_children
from kerascrash.estimate.resident import resident_at_death, runtime_baseline
from kerascrash.estimate.stacks import activity_of
from kerascrash.estimate.timeline import (
    open_stages,
    recording_of,
    stage_name,
    value_at,
)
from kerascrash.model.case import Case, Recording

RUNNING_STAGES = frozenset({"fit", "evaluate", "predict", "custom"})
_FIRST_STEPS = 2


@dataclass(frozen=True, slots=True)
class Rise:
    """
    Where the bytes above the runtime baseline came from, by time.

    ``total`` is baseline to death, ``whole`` with what ``children`` held; ``in_stage``
    the part since the innermost running stage (fit, evaluate, predict, custom) began,
    None outside one. ``steps`` is how many steps that stage had completed, None if
    unknown.
    """

    baseline: int
    final: int
    in_stage: int | None
    stage: str
    steps: int | None
    children: int = 0

    @property
    def total(self) -> int:
        return max(self.final - self.baseline, 0)

    @property
    def whole(self) -> int:
        return self.total + self.children

    @property
    def is_in_first_steps(self) -> bool:
        """The process died before its third step of this stage was done."""
        known = self.in_stage is not None and self.steps is not None
        return known and (self.steps or 0) <= _FIRST_STEPS


def rise_of(case: Case) -> Rise | None:
    """Return when memory rose, or None where no resident size was recorded."""
    recording = recording_of(case)
    final = resident_at_death(case)
    if recording is None or final is None:
        return None
    running = [m for m in open_stages(recording) if stage_name(m) in RUNNING_STAGES]
    before = (
        value_at(recording.find_series("rss"), running[-1].time)
        if running
        else _before_forward_pass(recording)
    )
    in_stage = final.bytes - before if before is not None else None
    stage = stage_name(running[-1]) if running else ""
    return Rise(
        baseline=runtime_baseline(recording) or 0,
        final=final.bytes,
        in_stage=in_stage,
        stage=stage,
        steps=_steps_done(case, recording, stage),
        children=held_by_children(case),
    )


def _before_forward_pass(recording: Recording) -> int | None:
    """Return the level before a model was applied outside Keras' runs: all held."""
    held = recording.inventory.get("total_bytes")
    if activity_of(recording) != "step" or held is None:
        return None
    return (runtime_baseline(recording) or 0) + int(held)


def _steps_done(case: Case, recording: Recording, stage: str) -> int | None:
    """
    Return steps finished in the stage: training counts over epochs, others not.

    Where the records of progress are damaged, the samples still carry the step; without
    either, no steps means none done only if nothing of the dump is missing.
    """
    key = "step" if stage in ("fit", "custom") else "step_in_epoch"
    step = recording.progress.get(key)
    if isinstance(step, int):
        return max(step, 0)
    sampled = recording.last("step") if key == "step" else None
    if sampled is not None:
        return max(sampled, 0)
    return None if case.damage else 0
