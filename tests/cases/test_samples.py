"""The frozen dumps: each is read and judged as its `expected.toml` says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerascrash.cli import group

SAMPLES = Path(__file__).resolve().parents[2] / "sample_dumps"
EXPECTED = sorted(SAMPLES.rglob("expected.toml"))


def leftovers(folder: Path) -> list[str]:
    """Return the options that hand over what lies beside a sample's dump."""
    names = {
        "kernel.log": "--kernel-log",
        "stderr.txt": "--stderr",
        "system.log": "--log",
    }
    present = [(flag, folder / name) for name, flag in names.items()]
    return [
        word for flag, path in present if path.exists() for word in (flag, str(path))
    ]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda p: p.parent.name)
def test_a_frozen_death_is_judged_rightly(
    expected: Path,
    report_json: Callable[..., Any],
    assert_expected: Callable[[Any, Path], None],
) -> None:
    folder = expected.parent
    dump = next(folder.glob("dump.bin*"), None)
    assert dump is not None, f"{folder.name} has no dump: run sample_dumps/recording.py"
    assert_expected(report_json(dump, *leftovers(folder)), expected)


def test_every_sample_says_how_it_is_made() -> None:
    assert {p.parent for p in EXPECTED} == {p.parent for p in SAMPLES.rglob("make.py")}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda p: p.parent.name)
def test_a_redacted_bundle_is_judged_alike(
    expected: Path, tmp_path: Path, assert_expected: Callable[[Any, Path], None]
) -> None:
    folder, safe = expected.parent, str(tmp_path / "safe.zip")
    (dump,) = folder.glob("dump.bin*")
    run("report", str(dump), *leftovers(folder), "--redact", "--bundle", safe)
    assert_expected(json.loads(run("report", safe, "--format", "json")), expected)


def run(*arguments: str) -> str:
    """Return what the command line writes to standard output."""
    done = CliRunner().invoke(
        group, arguments, standalone_mode=False, catch_exceptions=False
    )
    return done.output
