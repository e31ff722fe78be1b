"""What grows, and what only looks so for the moment."""

from __future__ import annotations

import pytest

from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.kept import is_growing

TOOTH = [0, 20, 40, 60]


@pytest.mark.parametrize(
    ("sizes", "grows"),
    [
        ([10, 20, 30, 40], True),
        ([10, 20, 30], True),
        ([10, 40, 40, 40, 40, 40], False),
        ([5, 5, 5, 5], False),
        (TOOTH * 4, False),
        ((TOOTH * 4)[:-1], False),
        ([*TOOTH * 2, 0, 30, 60, 90, 120], True),
        ([100, 40, 140, 60, 180, 80, 220, 100], True),
    ],
)
def test_what_is_emptied_now_and_then_does_not_grow(sizes, grows) -> None:
    rows = enumerate(sizes)
    history = tuple((step, 100.0 + step, size << 20) for step, size in rows)
    held = Holding(
        "kept", "list", "list of arrays", 9, sizes[-1] << 20, history=history
    )
    assert is_growing(held) is grows
