"""What is lost with a run that died: only what had been trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.model.case import ExitStatus


def dying(training: Callable[..., Any], *stages: str, ended: int = 0) -> Any:
    """Return a run whose stages began one a second; the first ``ended`` ended too."""
    killed = ExitStatus(signal=9, known_by="pidfd")
    builder = training(exit=killed).grows((8, 450), (20, 460))
    for number, stage in enumerate(stages):
        builder.runs(8.0 + number, stage=stage, step=30)
        if number < ended:
            builder.event(8.5 + number, "stage_end", stage=stage)
    return builder


@pytest.mark.parametrize(
    ("stages", "ended", "told", "not_told"),
    [
        (("predict",), 0, "nothing trained is lost", "ModelCheckpoint"),
        (("evaluate",), 0, "nothing trained is lost", "ModelCheckpoint"),
        (("fit", "predict"), 1, "right after `fit`", "ModelCheckpoint"),
        (("fit", "evaluate"), 0, "ModelCheckpoint", "nothing trained"),
        (("fit",), 0, "ModelCheckpoint", "nothing trained"),
        (("custom",), 0, "model.save(", "ModelCheckpoint"),
    ],
)
def test_a_checkpoint_is_advised_where_training_can_be_lost(
    training: Callable[..., Any],
    stages: tuple[str, ...],
    ended: int,
    told: str,
    not_told: str,
) -> None:
    text = diagnose(dying(training, *stages, ended=ended).build()).progress.text
    assert told in text
    assert not_told not in text


def test_batches_tell_of_a_training_whose_begin_is_long_gone(
    training: Callable[..., Any],
) -> None:
    builder = dying(training, "predict")
    builder.models["batches"] = [{"stage": "FIT", "batch_size": 8}]
    assert "right after `fit`" in diagnose(builder.build()).progress.text


def test_standing_still_and_importing_are_no_training(
    training: Callable[..., Any],
) -> None:
    """Steps from 8 s to 12 s of a run that was killed at 20 s."""
    builder = dying(training, "fit").runs(12.0, step=900)
    builder.progress["time"] += 12.0 - builder.seconds
    lost = diagnose(builder.build()).progress
    assert lost.seconds == pytest.approx(4.0)
    assert "4.0 s of training" in lost.text


@pytest.mark.parametrize(
    ("progress", "told"),
    [
        ({"step": 511}, "at step 512;"),
        ({"step": 511, "step_in_epoch": 63, "steps_per_epoch": 64}, "at step 64 of 64"),
        ({"step": 64, "step_in_epoch": 0, "epoch": 1}, "in epoch 2, at its first step"),
    ],
)
def test_steps_are_told_from_one(
    training: Callable[..., Any], progress: dict[str, int], told: str
) -> None:
    killed = ExitStatus(signal=9, known_by="pidfd")
    builder = training(exit=killed).grows((8, 450), (20, 460)).runs(8.0, **progress)
    assert told in diagnose(builder.build()).progress.text


def test_in_its_first_step_nothing_was_trained(training: Callable[..., Any]) -> None:
    killed = ExitStatus(signal=9, known_by="pidfd")
    builder = training(exit=killed).grows((8, 450), (20, 460))
    builder.runs(8.0, step=0, step_in_epoch=0, epoch=0)
    assert "nothing trained is lost" in diagnose(builder.build()).progress.text
    builder.runs(9.0, step=0, step_in_epoch=0, epoch=3)
    assert "nothing trained" not in diagnose(builder.build()).progress.text
