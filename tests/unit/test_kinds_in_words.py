"""Counts and kinds as people say them."""

from __future__ import annotations

import pytest

from kerascrash.units import count_of, kind_in_words


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("list of 1,920 EagerTensor", "list of 1,920 EagerTensors"),
        ("list of 1 EagerTensor", "list of 1 EagerTensor"),
        ("dict of 3 Series", "dict of 3 Series"),
        ("float32 ndarray 9x64", "float32 ndarray of shape (9, 64)"),
        ("float32 ndarray 2048", "float32 ndarray of shape (2048,)"),
        ("ndarray 20000x64x64x3", "ndarray of shape (20000, 64, 64, 3)"),
        ("Sequential", "Sequential"),
        ("", ""),
    ],
)
def test_a_recorded_kind_is_said_in_words(recorded: str, said: str) -> None:
    assert kind_in_words(recorded) == said
    assert kind_in_words(said) == said


def test_one_model_and_many() -> None:
    assert count_of(1, "model") == "1 model"
    assert count_of(0, "model") == "0 models"
    assert count_of(1920, "EagerTensor") == "1,920 EagerTensors"
    assert count_of(2, "Series") == "2 Series"
