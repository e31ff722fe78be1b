"""What is alike is told once, and what was not seen is not shown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kerascrash.model.evidence import Damage
from kerascrash.model.verdict import Culprit, Remedy
from kerascrash.report import html, words
from kerascrash.report.held import model_tables
from kerascrash.report.measures import is_joint, together
from kerascrash.report.missing import told_damage
from kerascrash.report.templates import open_environment


def shown(template: str, **values: object) -> str:
    return open_environment().from_string(template).render(**values)


def test_measures_with_one_answer_are_one_row() -> None:
    same = "it grew whatever the size of a step."
    rows = together(
        [
            Remedy("a", "a smaller batch", "yes", "128 fits.", 5),
            Remedy("b", "pruning", "no", same),
            Remedy("c", "streaming", "no", same),
            Remedy("d", "fewer workers", "no", "no workers."),
            Remedy("e", "accumulation", "yes", "128 fits.", 5),
        ]
    )
    assert [row.name for row in rows] == [
        "a smaller batch", "pruning; streaming", "fewer workers", "accumulation",
    ]  # fmt: skip
    assert [row.name for row in rows if is_joint(row)] == ["pruning; streaming"]


def test_measures_with_one_answer_are_a_sentence_below_the_table(diagnosis) -> None:
    same = "it grew whatever the size of a step."
    remedies = (
        Remedy("a", "a bigger limit", "yes", "it lasts longer.", 5),
        Remedy("b", "pruning", "no", same),
        Remedy("c", "streaming", "no", same),
    )
    page = html.render(replace(diagnosis, remedies=remedies))
    table = re.search(r"<table class=\"measures.*?</table>", page, re.DOTALL)
    assert table is not None
    assert "A bigger limit" in table[0]
    assert "pruning" not in table[0].lower()
    assert "<b>Would not help:</b> pruning, streaming. " in page


@pytest.mark.parametrize(("lost", "entries"), [(2, 3), (9, 2)])
def test_sections_that_a_cut_took_away_are_one_entry(diagnosis, lost, entries) -> None:
    gone = [
        Damage("header", f"section s{number} begins beyond the end of the file")
        for number in range(lost)
    ]
    case = replace(
        diagnosis.case, damage=(*gone, Damage("events", "torn slot", 9)), children=()
    )
    told = told_damage(case)
    assert len(told) == entries
    assert all(f"s{number}" in str(told) for number in range(lost))


def test_a_line_of_source_keeps_its_indentation_where_it_is_broken() -> None:
    line = shown("{{ text|source(200) }}", text="    return model( x )")
    assert line == "\xa0\xa0\xa0\xa0return model( x )"
    assert "<b>" not in shown("{{ text|source(200) }}", text="  <b>")


def test_a_percentage_is_never_broken_and_a_quotation_never_changed() -> None:
    said = shown("{{ text|prose }}", text="at 100% or 90 % of `f'{x:5 %}'`, 7%-ish")
    assert said.startswith("at 100\xa0% or 90\xa0% of <code>f&#39;{x:5 %}&#39;</code>")
    assert shown("{{ text|quoted }}", text="100% full") == "100% full"


@pytest.mark.parametrize(
    ("variables", "size", "slots"), [(2, 12, None), (10, 83_792, 83_792), (1, 8, None)]
)
def test_a_counter_and_a_rate_are_no_slots(diagnosis, variables, size, slots) -> None:
    optimizer = {"class": "Adam", "variables": variables, "bytes": size}
    blob = {"models": [{"name": "net", "optimizer": optimizer}]}
    recording = replace(diagnosis.case.recording, models=blob)
    table = model_tables(replace(diagnosis.case, recording=recording))
    assert table["models"][0]["slots"] == slots


def test_growth_at_the_ends_of_epochs_is_said_so() -> None:
    kept = Culprit("kept", "list of 9 arrays", 90, 0.5, growth_bytes_per_epoch=10.0)
    assert kept.pace == (10.0, "epoch")
    assert words.each(kept) == "with each epoch"
    assert words.each(replace(kept, growth_bytes_per_epoch=None)) == "at each step"
