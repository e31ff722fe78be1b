"""How far the training was, what of it is lost, and how to go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kerascrash.estimate.timeline import (
    open_stages,
    recording_of,
    stage_begins,
    stage_name,
)
from kerascrash.model.case import Case, Mark, Process, Recording
from kerascrash.model.verdict import ProgressLost
from kerascrash.units import format_seconds

_NOT_TRAINING = frozenset({"none", "import", "exit", ""})
_STAGES = {
    "custom": "in a custom training loop",
    "build": "while the model was being built",
    "compile": "while the model was being compiled",
    "data": "while data were being loaded",
    "checkpoint": "while a checkpoint was being written",
}
_BEFORE_TRAINING = frozenset({"build", "compile", "data"})
_NO_TRAINING = frozenset({"evaluate", "predict"})
_TRAINING = frozenset({"fit", "custom"})


def progress_lost(case: Case) -> ProgressLost:
    """Return where the training stood and the last checkpoint that was seen."""
    recording = recording_of(case)
    if recording is None:
        return ProgressLost()
    progress = recording.progress
    saved = [mark for mark in recording.marks if mark.kind == "checkpoint"]
    last = saved[-1] if saved else None
    seconds = _seconds_lost(case, recording, last)
    stage = str(progress.get("stage") or "")
    if stage == "build" and stage not in map(stage_name, open_stages(recording)):
        stage = ""  # over, which the recorder's thread had no time to notice
    lost = ProgressLost(
        stage="" if stage in _NOT_TRAINING else stage,
        epoch=progress.get("epoch"),
        step=progress.get("step"),
        steps_per_epoch=progress.get("steps_per_epoch"),
        batch_size=progress.get("batch_size"),
        checkpoint=str(last.data.get("path") or "") if last else "",
        checkpoint_epoch=_whole(last.data.get("epoch")) if last else None,
        seconds=seconds,
    )
    text = _text(lost, recording)
    return ProgressLost(
        **{n: getattr(lost, n) for n in ProgressLost.__slots__ if n != "text"},
        text=text,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _seconds_lost(case: Case, recording: Recording, last: Mark | None) -> float | None:
    """
    Return seconds of training since the last checkpoint, else since it began.

    Imports cost no training, nor does standing still: it counts up to the begin of the
    last step. Without counted steps nobody knows, and it counts up to the death.
    """
    training = (m for m in stage_begins(recording) if stage_name(m) in _TRAINING)
    first = last or next(training, None)
    start = case.process.start if isinstance(case.process, Process) else None
    since = first.time if first else start
    step, end = (recording.progress.get(name) for name in ("step", "time"))
    if not isinstance(step, int) or not isinstance(end, (int, float)):
        end = case.death
    return end - since if end and since and end > since else None


def _text(lost: ProgressLost, recording: Recording) -> str:
    if not lost.stage and lost.step is None:
        return ""
    where = _where(lost, recording)
    if lost.stage in _BEFORE_TRAINING and not lost.step:
        return f"It died {where}, before any training step: nothing trained is lost."
    after = lost.stage in _NO_TRAINING and not _inside_fit(recording)
    if after and not _has_trained(recording):
        nothing = "nothing was being trained, so nothing trained is lost"
        return f"It died {where}; {nothing}."
    if after and not lost.checkpoint:
        return (
            f"It died {where}, after training; no saved model was seen, so what was "
            "trained is lost. Call `model.save('model.keras')` right after `fit`."
        )
    if lost.step == 0 and not lost.epoch and not lost.checkpoint:
        return f"It died {where}: nothing trained is lost."
    trained = f"{format_seconds(lost.seconds)} of training" if lost.seconds else ""
    duration = f" ({trained})" if trained else ""
    if not lost.checkpoint:
        how = (
            "Save with `keras.callbacks.ModelCheckpoint` or `BackupAndRestore` to "
            "resume."
        )
        if lost.stage == "custom":  # no callbacks there
            how = "Call `model.save('model.keras')` every so many steps to resume."
        return (
            f"It died {where}; no checkpoint was seen, so all{duration} is lost. {how}"
        )
    name = os.path.basename(lost.checkpoint)
    earlier = trained or "some work"
    resume = f"`keras.models.load_model({name!r})`"
    if name.endswith((".weights.h5", ".ckpt")):
        resume = f"`model.load_weights({name!r})`"
    epoch = lost.checkpoint_epoch
    first = f", then `fit(..., initial_epoch={epoch + 1})`" if epoch is not None else ""
    return (
        f"It died {where}; the last checkpoint, {name}, is {earlier} earlier. "
        f"Resume: {resume}{first}."
    )


def _inside_fit(recording: Recording) -> bool:
    """Return whether a fit had begun and not ended: it evaluates too."""
    return any(stage_name(stage) in _TRAINING for stage in open_stages(recording))


def _has_trained(recording: Recording) -> bool:
    """Return whether this run trained anything; batches outlive the ring of events."""
    begun = {stage_name(mark) for mark in stage_begins(recording)}
    seen = {str(batch.get("stage")).lower() for batch in _batches(recording)}
    return bool(_TRAINING & (begun | seen))


def _batches(recording: Recording) -> list[Mapping[str, Any]]:
    found = recording.models.get("batches") or ()
    return [batch for batch in found if isinstance(batch, Mapping)]


def _where(lost: ProgressLost, recording: Recording) -> str:
    """Return ``in fit, in epoch 3, at step 24 of 64``, as much of it as is known."""
    stage = _STAGES.get(lost.stage, f"in {lost.stage}")
    parts = [stage] if lost.stage else []
    if lost.epoch is not None:
        parts.append(f"in epoch {lost.epoch + 1:,}")
    in_epoch = recording.progress.get("step_in_epoch")
    step, whole = lost.step, None
    if isinstance(in_epoch, int):
        step, whole = in_epoch, lost.steps_per_epoch
    if step is not None:  # counted from 0, when they begin
        of = f" of {whole:,}" if whole else ""
        parts.append(f"at step {step + 1:,}{of}" if step else "at its first step")
    return ", ".join(parts)
