"""The three lines appear where fd 2 was a terminal, after a death, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.crash


def test_a_death_is_explained_below_the_shells_message(
    terminal: Callable[..., str],
) -> None:
    text = terminal("os.kill(os.getpid(), 9)")
    before, _, after = text.partition("[status -9]")
    assert "kerascrash" not in before
    assert after.startswith("\r\nkerascrash: ")
    assert "target.bin" in after


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ("finish()", {}),
        ("os.kill(os.getpid(), 9)", {"KERASCRASH_QUIET": "1"}),
        ("os.dup2(os.open(os.devnull, 1), 2)\nfinish()", {}),
    ],
)
def test_silence_after_a_good_end_and_on_request(
    terminal: Callable[..., str], body: str, settings: dict[str, str]
) -> None:
    assert "kerascrash" not in terminal(body, **settings)
