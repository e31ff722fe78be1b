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
        (("fit", "predict"), 1, "right after fit", "ModelCheckpoint"),
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
    assert "right after fit" in diagnose(builder.build()).progress.text
