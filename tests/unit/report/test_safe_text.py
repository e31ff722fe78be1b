from __future__ import annotations

import pytest

from kerascrash.report.safe_text import cut, encodable, safe_block, safe_line


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\x00b\x07", "a\\x00b\\x07"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("bad\udcff byte", "bad\\xff byte"),
        ("lone \ud800", "lone \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("two\r\nlines", "two\\nlines"),
        ("plain ünïcödé 日本語 ✓", "plain ünïcödé 日本語 ✓"),
    ],
)
def test_what_acts_or_hides_becomes_visible(raw: str, shown: str) -> None:
    assert safe_line(raw) == shown


def test_a_block_keeps_its_lines_and_tabs() -> None:
    assert safe_block("a\n\tb\x1b") == "a\n\tb\\x1b"


def test_what_is_cut_is_counted() -> None:
    assert cut("x" * 12, 10) == "x" * 10 + "… (2 more characters)"
    assert cut("x" * 10, 10) == "x" * 10


def test_a_megabyte_of_controls_stays_within_the_limit() -> None:
    assert len(safe_line("\x1b" * 1_000_000, 100)) < 600


def test_every_encoder_takes_it() -> None:
    assert encodable("a\udc80b\ud83d").encode("utf-8") == b"a\\x80b\\ud83d"
