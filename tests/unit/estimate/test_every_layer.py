"""Every layer and optimizer that Keras ships, with Keras itself as the judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOT_ALONE = {
    "FlaxLayer", "GRUCell", "InputLayer", "JaxLayer", "LSTMCell", "Layer",
    "SimpleRNNCell", "StackedRNNCells", "TFSMLayer", "TorchModuleWrapper", "Wrapper",
}  # fmt: skip
"""Classes that are no layer by themselves, or wrap what Keras does not ship."""
RECORDED_ONLY = {"MelSpectrogram", "STFTSpectrogram", "TextVectorization"}
"""Layers whose output follows from more than the settings that are recorded."""
FEWEST = 115
WEIGHTS_NOT_COUNTED = {
    "AdditiveAttention", "Bidirectional", "EinsumDense", "GroupedQueryAttention",
    "Normalization", "PReLU", "RNN", "SpectralNormalization",
}  # fmt: skip
"""Layers whose weights are few, or follow from more than what is recorded."""


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What Keras says, and what the arithmetic says of the recording of it."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("keras_truth.py"))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_walk_reaches_nearly_all_of_keras(truth) -> None:
    assert len(truth["layers"]) >= FEWEST
    assert len(set(truth["failed"]) - NOT_ALONE) <= 10, truth["failed"]


def test_parameters_are_those_that_keras_counts(truth) -> None:
    wrong = [r for r in truth["layers"] if r["parameters"] != r["counted"]]
    assert not wrong


def test_weights_of_layers_that_are_not_built_are_those_that_keras_will_make(
    truth,
) -> None:
    wrong = {
        row["name"] for row in truth["layers"]
        if row["parameters"] != row["to_come"]
    }  # fmt: skip
    assert wrong <= WEIGHTS_NOT_COUNTED


def test_recorded_output_shapes_are_those_of_keras(truth) -> None:
    wrong = [
        row for row in truth["layers"]
        if row["recorded"] != row["shape"] and None not in row["shape"]
    ]  # fmt: skip
    assert not wrong


def test_output_shapes_follow_from_settings_where_none_was_recorded(truth) -> None:
    wrong = [
        row for row in truth["layers"]
        if row["computed"] != row["shape"] and row["name"] not in RECORDED_ONLY
    ]  # fmt: skip
    assert not wrong


def test_what_is_kept_is_what_tensorflow_carries_to_the_backward_pass(truth) -> None:
    assert len(truth["kept"]) >= 60
    wrong = {
        name: (real, told)
        for name, real, told in truth["kept"]
        if not 0.8 <= told / real <= 1.25
    }
    assert not wrong
    exact = [told for _, real, told in truth["kept"] if abs(told - real) < 0.02 * real]
    assert len(exact) > len(truth["kept"]) / 2


def test_slots_of_every_optimizer_are_known_before_it_is_built(truth) -> None:
    assert len(truth["slots"]) >= 40
    wrong = [row for row in truth["slots"] if abs(row[1] - row[2]) > 0.05 * row[1] + 64]
    assert not wrong
