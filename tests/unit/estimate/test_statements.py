"""What a recorded line does, read without running it."""

from __future__ import annotations

import pytest

from kerascrash.estimate.statements import statement_at
from kerascrash.model.evidence import Place


def at(text: str, line: int = 1) -> Place:
    rows = tuple(enumerate(text.splitlines(), 1))
    return Place("train.py", line, "main", rows)


@pytest.mark.parametrize(
    ("text", "line", "targets", "call"),
    [
        ("x = np.zeros((3, 4))", 1, ("x",), "np.zeros"),
        ("    self.cache['a'] = load(p)", 1, ("self.cache['a']",), "load"),
        ("a, b = split(x)", 1, ("a", "b"), "split"),
        ("total += step(x)", 1, ("total",), "step"),
        ("model.fit(\n    x,\n    y,\n)", 3, (), "model.fit"),
        ("for x in load():", 1, (), "load"),
        ("    if ok:\n        images = read(\n            path,\n        )", 3,
         ("images",), "read"),
    ],
)  # fmt: skip
def test_statements(text, line, targets, call) -> None:
    statement = statement_at(at(text, line))
    assert statement is not None
    assert statement.targets == targets
    assert statement.calls[0] == call


def test_keywords_are_told_as_written() -> None:
    statement = statement_at(at("model.fit(x, batch_size=2 * N, epochs=3)"))
    assert statement is not None
    assert statement.keywords == {"batch_size": "2 * N", "epochs": "3"}


@pytest.mark.parametrize("text", ["", "))(", "x = (", "\x00", "x" * 10_000 + "("])
def test_what_is_no_statement_is_none(text) -> None:
    assert statement_at(at(text)) is None


def test_a_place_without_its_line_is_none() -> None:
    assert statement_at(Place("train.py", 9, "", ((1, "x = 1"),))) is None
    assert statement_at(None) is None
