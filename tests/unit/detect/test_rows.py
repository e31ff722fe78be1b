"""Every row of the rule files: its example matches, its counter-example does not."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_sieve import _DIGITS, _FOLD, _STEMS
from kerascrash.detect._rows import ROLES, Row, load_rows
from kerascrash.detect.log_rules import find_hits
from kerascrash.model.case import Log, LogLine

ROWS = load_rows()
KINDS = {"kernel", "stderr", "system", "crash_report"}


def found(row: Row, text: str) -> bool:
    return row.match(text, text.lower()) is not None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_matches_its_example_and_not_its_counter_example(row: Row) -> None:
    assert found(row, row.example)
    assert not found(row, row.counter_example)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_matches_text_glued_to_a_progress_bar(row: Row) -> None:
    glued = f" 40/1875 [>....] - ETA: 7s - loss: 0.44{row.example}"
    if not row.pattern.startswith(("^", "(?:^", "(?:(?:^")) and row.role == "cause":
        assert found(row, glued) or "(?:^|" in row.pattern


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_well_formed(row: Row) -> None:
    assert row.role in ROLES
    assert 0.0 <= row.strength <= 1.0
    assert set(row.sources) <= KINDS
    assert row.hint
    assert all(hint == hint.lower() for hint in row.hint)
    assert set(row.beats) <= {other.id for other in ROWS}
    assert row.meaning


def test_ids_are_unique() -> None:
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_sieve_for_huge_logs_keeps_what_rows_look_for(row: Row) -> None:
    if row.role in ("cause", "messenger", "end"):
        assert _STEMS.search(row.example.encode().translate(_FOLD, _DIGITS))


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.role == "noise"], ids=lambda row: row.id
)
def test_noise_silences_other_rows_on_its_line(row: Row) -> None:
    log = Log("stderr", "err", (LogLine(1, row.example),))
    assert {hit.row.role for hit in find_hits(log, "linux")} == {"noise"}
