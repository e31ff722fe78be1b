"""``fit --verify`` rebuilds what was recorded: optimizer, loss, shapes, policy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascrash.cli import verify
from kerascrash.cli.verify import verify_fit

FACTS = {"limit_bytes": 3 << 30, "batch_size": 4096, "reason": None,
         "largest_batch": {"batch_size": 8}}  # fmt: skip
ROOT = Path(__file__).resolve().parents[3]
RECORD = """
import json, keras
from keras import layers
from kerascrash.record.model_facts import describe_model

given = keras.Input((None, 12))
made = layers.LSTM(16)(given)
model = keras.Model(given, layers.Dense(3)(made))
model.compile(
    keras.optimizers.Adam(use_ema=True, gradient_accumulation_steps=2),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
print(json.dumps(describe_model(model, None)))
"""


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """A real model, as the recorder describes it."""
    done = subprocess.run(
        [sys.executable, "-c", RECORD], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def case_of(training, model: dict[str, Any]) -> Any:
    builder = training().runs(5.0, step=4, batch_size=32)
    builder.models = {
        "models": [model],
        "batches": [{"stage": "FIT", "batch_size": 32, "shapes": [
            ["x", [32, 20, 12], "float32"], ["y", [32], "int32"]]}],
    }  # fmt: skip
    return builder.build()


def test_the_recorded_training_is_tried_as_it_was(training, recorded) -> None:
    case = case_of(training, recorded)
    plan = verify._plan(case, 8)
    assert isinstance(plan, dict)
    assert plan["optimizer"]["settings"]["gradient_accumulation_steps"] == 2
    assert plan["optimizer"]["settings"]["use_ema"] is True
    assert plan["loss"] == {"class": "SparseCategoricalCrossentropy",
                            "from_logits": True}  # fmt: skip
    assert plan["targets"] == [[[32], "int32"]]
    tried = verify_fit(case, FACTS)
    assert tried["fitted"] is True, tried["text"]
    assert tried["batch_size"] == 8  # what is recommended, not what was recorded
    assert "batch 8 under" in tried["text"]
    assert 100 << 20 < tried["charged_bytes"] < tried["peak_bytes"]


def test_a_training_fed_by_a_dataset_is_fed_by_one_again(training, recorded) -> None:
    case = case_of(training, recorded)
    case.recording.models["data"] = [{
        "name": "x", "type": "tensorflow.python.data.ops.batch_op._BatchDataset",
    }]  # fmt: skip
    assert verify._plan(case, 8)["dataset"] is True
    tried = verify_fit(case, FACTS, batch=16)
    assert tried["fitted"] is True, tried["text"]
    assert tried["batch_size"] == 16
    case.recording.models["data"] = [{"name": "x", "type": "numpy.ndarray"}]
    assert verify._plan(case, 8)["dataset"] is False


def test_a_model_of_the_users_own_layers_is_not_run(training, recorded) -> None:
    own = {**recorded, "config": None}
    tried = verify_fit(case_of(training, own), FACTS)
    assert tried["fitted"] is None
    assert tried["text"].startswith("Not tried")


def test_where_no_batch_is_recommended_none_is_tried(training, recorded) -> None:
    why = "not even a batch of one fits: one sample alone needs too much"
    none = {**FACTS, "largest_batch": None, "reason": why}
    tried = verify_fit(case_of(training, recorded), none)
    assert tried["fitted"] is None
    assert tried["text"] == f"Not tried: {why}."


def test_the_child_runs_on_the_backend_that_was_recorded(training, recorded) -> None:
    """Whatever the environment of the reader says, or his own ``keras.json``."""
    case = case_of(training, recorded)
    before = os.environ.get("KERAS_BACKEND")
    assert verify._backend(case).get("KERAS_BACKEND") == before
    case.recording.models["backend"] = "torch"
    case.recording.environment["env"] = {"KERAS_BACKEND": "jax"}
    assert verify._backend(case)["KERAS_BACKEND"] == "torch"
    del case.recording.models["backend"]  # a dump of a version that kept none
    assert verify._backend(case)["KERAS_BACKEND"] == "jax"
