"""``fit`` on frozen deaths: an answer, or why there is none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerascrash.cli import group
from kerascrash.units import format_bytes

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
KEYS = {
    *("batch_size", "predicted_peak_bytes", "low_bytes", "high_bytes"),
    *("limit_bytes", "fits", "largest_batch", "devices"),
}


def fit(sample: str, *options: str) -> dict[str, Any]:
    argv = ["fit", str(SAMPLES / sample / "dump.bin.gz"), "--format", "json", *options]
    done = CliRunner().invoke(group, argv)
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.output)
    assert answer.keys() >= KEYS
    return answer


def test_a_batch_that_killed_does_not_fit_its_limit() -> None:
    answer = fit("batch_too_large")
    assert answer["fits"] is False
    largest = answer["largest_batch"]
    assert 0 < largest["low"] <= largest["batch_size"] <= largest["high"]
    assert largest["batch_size"] < answer["batch_size"]
    assert fit("batch_too_large", "--batch", str(largest["batch_size"]))["fits"] is True


def test_more_memory_fits_more() -> None:
    small, large = (
        fit("batch_too_large", "--limit", size)["largest_batch"]["batch_size"]
        for size in ("1GiB", "8GiB")
    )
    assert small < large


def test_a_leak_has_no_batch_that_fits() -> None:
    answer = fit("list_leak_cgroup")
    assert answer["predicted_peak_bytes"] is None
    assert "history" in answer["reason"]


@pytest.mark.parametrize("size", ["much", "-1", "0"])
def test_a_limit_that_is_none(size) -> None:
    dump = str(SAMPLES / "batch_too_large" / "dump.bin.gz")
    done = CliRunner().invoke(group, ["fit", dump, f"--limit={size}"])
    assert done.exit_code != 0


def test_what_a_person_reads() -> None:
    dump = str(SAMPLES / "batch_too_large" / "dump.bin.gz")
    text = CliRunner().invoke(group, ["fit", dump]).output
    assert "does not fit" in text
    assert re.search(
        r"Largest batch that should fit: \d+ "
        r"\(up to \d+ almost surely fits, more than \d+ almost surely does not\)",
        text,
    )


def test_what_a_batch_needs_is_its_whole_peak_wherever_it_is_told() -> None:
    """The verdict, the advice and ``fit`` name one figure, as the limit counts it."""
    dump = str(SAMPLES / "batch_too_large" / "dump.bin.gz")
    answer = fit("batch_too_large")
    whole = format_bytes(answer["predicted_peak_bytes"] - answer["mapped_bytes"])
    assert f"Batch 512 needs about {whole}" in CliRunner().invoke(
        group, ["fit", dump]
    ).output  # fmt: skip
    report = CliRunner().invoke(group, ["report", dump, "--format", "md"]).output
    assert f"batch of 512 samples, which needs about {whole}" in report
    assert f"`: batch of 512 samples, needs about {whole}" in report
    assert f"for a batch of 512, which needs about {whole}" in report.replace(
        "&#52;", "4"
    )
