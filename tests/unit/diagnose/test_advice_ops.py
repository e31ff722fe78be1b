"""An operation that blew up: what does without it, by how its line is spelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kerascrash.diagnose import diagnose

MIB = 1 << 20


@pytest.fixture
def dies_at(training: Callable[..., Any]) -> Callable[[str], list[str]]:
    """Return what is advised when an array made by a line of source hit the limit."""

    def advised(source: str) -> list[str]:
        builder = training().grows((19.0, 0), (20.0, 1100 * MIB)).at_line(source)
        case = builder.asks(19.0, 3000 * MIB).dies_of_limit().build()
        verdict = diagnose(case).verdict
        assert verdict.factor == "tensor_ops"
        return [one.action for one in verdict.advice]

    return advised


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("onehot = np.eye(20000)[tokens]", "whole numbers"),
        ("labels = tf.one_hot(words, 50_000)", "whole numbers"),
        ("y = to_categorical(y, 100_000)", "whole numbers"),
        ("near = scipy.spatial.distance.cdist(a, b)", "block of rows"),
        ("gap = a[:, None] - b[None, :]", "block of rows"),
        ("x = counts.toarray()", "sparse"),
    ],
)
def test_what_does_without_it_comes_first(
    dies_at: Callable[[str], list[str]], source: str, told: str
) -> None:
    assert told in dies_at(source)[0]


@pytest.mark.parametrize(
    "source", ["b = np.linalg.inv(np.eye(20000) + noise)", "c = tf.matmul(a, b)"]
)
def test_what_only_looks_like_it_is_told_the_general_way(
    dies_at: Callable[[str], list[str]], source: str
) -> None:
    assert "chunks" in dies_at(source)[0]


def test_shapes_are_spoken_of_where_operands_meet(
    dies_at: Callable[[str], list[str]],
) -> None:
    assert any("broadcasts" in one for one in dies_at("total = a - b * scale"))
    assert not any("broadcasts" in one for one in dies_at("c = tf.matmul(a, b)"))
