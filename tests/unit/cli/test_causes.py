"""The catalogue: every rule in full, and what must be there to see it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from kerascrash.causes import load_causes
from kerascrash.cli.verbs.causes import command, describe, needed_sources
from kerascrash.factors import load_factors
from kerascrash.model.rules import Rule

RULES = (*load_causes(), *load_factors())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_shown_in_full(rule: Rule) -> None:
    text = " ".join(" ".join(describe(rule)).split())
    for finding in (*rule.supports, *rule.contradicts):
        assert finding in text
    for said in (*rule.remedies, *rule.near_misses):
        assert " ".join(said.split()) in text
    assert f"prior {rule.prior:+.1f}" in text


@pytest.mark.parametrize("rule", load_causes(), ids=lambda rule: rule.id)
def test_a_cause_has_every_part(rule: Rule) -> None:
    assert rule.supports
    assert rule.contradicts
    assert rule.near_misses
    assert rule.settle
    assert rule.remedies or rule.id == "clean_exit"
    assert list(needed_sources(rule))


def test_what_must_be_there_to_see_a_cause_is_told() -> None:
    by_id = {rule.id: rule for rule in RULES}
    assert "core file" in needed_sources(by_id["native_segfault"])
    assert "death certificate" in needed_sources(by_id["host_oom_cgroup"])
    assert "core file" not in needed_sources(by_id["scheduler_oom"])


def test_a_cause_that_does_not_exist_is_told() -> None:
    shown = CliRunner().invoke(command, ["bad_luck"], standalone_mode=False)
    assert "bad_luck" in str(shown.exception)
