"""The sample scripts again, but live: each really dies here and now."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_dumps"
MAKES = sorted(SAMPLES.rglob("make.py"))

pytestmark = pytest.mark.crash


def load(make: Path) -> Any:
    sys.path.insert(0, str(SAMPLES))
    try:
        return runpy.run_path(str(make))["RECORDING"]
    finally:
        sys.path.remove(str(SAMPLES))


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> Any:
    made = load(request.param)
    if made.own_machine:
        pytest.skip("it would take this machine along: tests/vm lets it die")
    if (made.limit or made.shared or made.tasks) and os.geteuid() != 0:
        pytest.skip("a cgroup and a tmpfs need root")
    if made.limit:
        from kerascrash.cli.demo.limits import find_limit

        limit = find_limit(made.limit)
        limit.clean_up()
        if limit.changes:
            pytest.skip("no memory cgroup can be made here")
    return made


@pytest.mark.parametrize(
    "recording",
    [
        pytest.param(
            make,
            id=make.parent.name,
            marks=pytest.mark.slow if load(make).slow else (),
        )
        for make in MAKES
    ],
    indirect=True,
)
def test_a_live_death_is_judged_rightly(
    recording: Any,
    tmp_path: Path,
    report_json: Callable[..., Any],
    assert_expected: Callable[[Any, Path], None],
) -> None:
    left = recording.run(tmp_path, PYTHONPATH=str(SAMPLES.parent))
    assert left.dump is not None, left.err.read_text(errors="replace")[-2000:]
    beside = recording.folder / "kernel.log"
    options = ["--kernel-log", str(beside)] if beside.exists() else []
    assert_expected(
        report_json(left.dump, *options), recording.folder / "expected.toml"
    )
