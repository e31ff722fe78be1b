"""A fixed slice of the campaign of planted leaks; all of it with ``-m slow``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGN = ROOT / "benchmarks" / "leaks" / "campaign.py"
pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="forks TensorFlow once for all"),
]


def rows_of(*arguments: str, timeout_s: int = 280) -> list[dict[str, Any]]:
    """Run a part of the campaign and return what it says of each run."""
    pytest.importorskip("tensorflow")
    done = subprocess.run(
        [sys.executable, str(CAMPAIGN), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(row) for row in done.stdout.splitlines() if row.startswith("{")]
    assert rows
    assert not any(row["error"] for row in rows), rows
    return rows


@pytest.mark.parametrize("variant", ["closure", "nested_object"])
def test_a_leak_of_100_kb_a_step_is_named_after_200_steps(variant) -> None:
    (row,) = rows_of(
        "leaks", "--only", variant, "--rates", "100 KB", "--kinds", "tensors"
    )
    assert row["found"], row
    assert row["rate"] == pytest.approx(100_000, rel=0.1)
    assert row["others"] == []


def test_what_is_emptied_again_is_no_leak() -> None:
    (row,) = rows_of("healthy", "--only", "saw_tooth")
    assert row["blamed"] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_planted_leaks() -> None:
    rows = rows_of("leaks", "--rates", "10 KB", "100 KB", "4 MB", timeout_s=3500)
    missed = [(r["variant"], r["kind"], r["bytes"]) for r in rows if not r["found"]]
    assert len(missed) <= 0.1 * len(rows), missed


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_healthy_is_blamed() -> None:
    rows = rows_of("healthy", timeout_s=1700)
    assert len(rows) == 20
    assert [row["healthy"] for row in rows if row["blamed"]] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_leaks_are_warned_of_in_time_and_health_is_not() -> None:
    rows = rows_of("warning", timeout_s=3500)
    warned = {row["run"]: row["said"] for row in rows if row["run"] != "attribute"}
    assert {run: said for run, said in warned.items() if said} == {}
    leaks = [row for row in rows if row["run"] == "attribute"]
    assert [len(row["said"]) for row in leaks] == [1] * len(leaks)
