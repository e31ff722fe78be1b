"""`diff --redact`: both runs lose the same things under the same names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerascrash.cli import group

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
DIED = SAMPLES / "list_leak_cgroup" / "dump.bin.gz"
OTHER = SAMPLES / "module_dict_leak" / "dump.bin.gz"
PRIVATE = ("/srv/training", "kerascrash-demo")
"""The folder of the project and its control group, which both dumps name."""


def diff(*arguments: object, a: Path = DIED, b: Path = OTHER) -> str:
    done = CliRunner().invoke(
        group,
        ["diff", str(a), str(b), *map(str, arguments)],
        standalone_mode=False,
        catch_exceptions=False,
    )
    return done.output


@pytest.mark.parametrize("format_name", ["text", "html", "json"])
def test_nothing_private_is_left(format_name: str) -> None:
    shown = diff("--redact", "--format", format_name)
    assert not [word for word in PRIVATE if word in shown]
    assert "Trainer.history" in shown, "names stay unless they are to go as well"
    told = {"text": "Redacted", "html": "What was replaced", "json": '"redaction": {'}
    assert told[format_name] in shown


def test_names_go_on_request() -> None:
    plain, shown = diff(), diff("--redact-names")
    for name in ("Trainer.history", "cache['features']"):
        assert name in plain
        assert name not in shown
    assert "<name" in shown


def test_what_differs_is_the_same_as_without() -> None:
    plain = json.loads(diff("--format", "json"))
    shown = json.loads(diff("--redact", "--format", "json"))
    assert plain["redaction"] is None
    assert shown["redaction"]["replaced"]
    numbers = [
        [(d["group"], d["unit"]) for d in told["differences"]]
        for told in (plain, shown)
    ]
    assert numbers[0] == numbers[1]


def test_what_is_equal_has_one_pseudonym_and_is_no_difference() -> None:
    assert json.loads(diff("--redact", "--format", "json", b=DIED))["differences"] == []
