"""Models that pile up, and what keeps them."""

from __future__ import annotations

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.estimate.models_kept import models_kept

PARAMETERS = 2_000_000
WHOLE = 4 * PARAMETERS * 3  # weights and two slots of Adam
BUILT = {
    "name": "net", "class": "Sequential", "built": True, "parameters": PARAMETERS,
    "trainable_parameters": PARAMETERS, "weights_bytes": 4 * PARAMETERS, "layers": [],
    "optimizer": {"class": "Adam", "bytes": 8 * PARAMETERS},
}  # fmt: skip


@pytest.mark.parametrize(
    ("count", "each", "owner"),
    [
        (29, WHOLE, "study.trials"),
        (28, WHOLE, "study.trials"),  # the newest is not kept yet
        (14, WHOLE, ""),  # every other one is in there: not what keeps them all
        (28, 40_000, ""),  # their scores
    ],
)
def test_what_has_an_element_for_each_model_keeps_them(
    training, count: int, each: int, owner: str
) -> None:
    builder = training().grows((5, 400), (20, 1100)).runs(5, step=9, batch_size=32)
    builder.models = {"models": [BUILT], "alive": 29}
    counts = [count - 2, count - 1, count]
    element = {"type": "tuple"}
    builder.holds_list("study.trials", each, counts, element=element)
    kept = models_kept(builder.build())
    assert kept is not None
    assert (kept.owner, kept.count) == (owner, 29)


def test_the_first_advice_is_about_models_not_about_traces(training) -> None:
    builder = training().grows((5, 400), (20, 1100)).runs(5, step=9, batch_size=32)
    builder.models = {"models": [BUILT], "alive": 29}
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.culprit is not None
    assert verdict.culprit.kind == "29 models"
    assert verdict.advice[0].action.startswith("Keep only the scores")
    assert not any("Python numbers" in one.action for one in verdict.advice)


@pytest.mark.parametrize(
    ("alive", "factor"), [(29, "graph_retracing"), (2, "object_leak")]
)
def test_what_keeps_models_keeps_no_plain_objects(
    training, alive: int, factor: str
) -> None:
    """A model in a dict in a dict; near miss: dicts as large, and two models."""
    builder = training().grows((5, 400), (20, 1530)).runs(5, step=90, batch_size=32)
    builder.models = {"models": [BUILT], "alive": alive}
    element = {"type": "dict"}
    builder.holds_list("results", 38 << 20, [9, 14, 19, 24, 29], element=element)
    verdict = diagnose(builder.dies_of_limit().build()).verdict
    assert verdict.factor == factor
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "results"
