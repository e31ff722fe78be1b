"""A pipeline's buffer that took the memory: the number that fits, and its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.model.verdict import Verdict
from tests.unit.conftest import CaseBuilder

MIB = 1 << 20
Training = Callable[..., CaseBuilder]


def verdict_of(builder: CaseBuilder, line: str, *ops: dict[str, Any]) -> Verdict:
    """Judge a run that filled its limit of 1.5 GiB while that pipeline ran."""
    place = {"file": "/home/ada/train.py", "line": 8, "function": "<module>",
             "excerpt": [[8, line]]}  # fmt: skip
    rows = [{"place": place, "count": None, **op} for op in ops]
    case = builder.runs(8, step=9).grows((8, 400), (20, 1530)).dies_of_limit().build()
    told = {"pipelines": [{"place": place, "ops": rows}]}
    return diagnose(
        replace(case, recording=replace(case.recording, pipelines=told))
    ).verdict


def shuffle(buffer: int, element: int) -> dict[str, Any]:
    return {"op": "shuffle", "buffer": buffer, "element_bytes": element,
            "bytes": buffer * element}  # fmt: skip


def test_a_shuffle_that_fits_is_named_with_its_line(training: Training) -> None:
    line = "ds = ds.shuffle(buffer_size=20_000).batch(16)"
    verdict = verdict_of(training(), line, shuffle(20_000, 384 << 10))
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "input_pipeline")
    first = verdict.advice[0]
    fitting = int(first.action.partition("shuffle(")[2].partition(")")[0])
    # 0.8 of the limit, less what the process had beside the buffer.
    assert 0.5 * MIB * 1000 < fitting * (384 << 10) < 0.8 * 1536 * MIB
    assert first.example == f"ds = ds.shuffle(buffer_size={fitting}).batch(16)"
    assert first.place.line == 8
    assert not any("cache" in one.action for one in verdict.advice)


def test_elements_of_unknown_size_get_no_number(training: Training) -> None:
    op = {"op": "shuffle", "buffer": 20_000, "element_bytes": None, "bytes": None}
    verdict = verdict_of(training(), "ds = ds.shuffle(20_000)", op)
    assert verdict.factor == "input_pipeline"
    assert verdict.advice[0].action == "Make the buffer of `shuffle(20000)` smaller."


def test_a_cache_goes_to_a_file(training: Training) -> None:
    op = {"op": "cache", "buffer": None, "element_bytes": 400_000, "bytes": 4 << 30}
    verdict = verdict_of(training(), "ds = ds.map(decode).cache().batch(8)", op)
    assert verdict.factor == "input_pipeline"
    first = verdict.advice[0]
    assert first.action.startswith("Cache to a file")
    assert first.example == "ds = ds.map(decode).cache('cache.tfdata').batch(8)"


@pytest.mark.parametrize("buffer", [64, 1000])
def test_a_small_buffer_is_not_blamed(training: Training, buffer: int) -> None:
    verdict = verdict_of(training(), "ds.shuffle(64)", shuffle(buffer, 4000))
    assert verdict.factor != "input_pipeline"
