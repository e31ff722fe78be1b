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


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> Any:
    sys.path.insert(0, str(SAMPLES))
    try:
        made = runpy.run_path(str(request.param))["RECORDING"]
    finally:
        sys.path.remove(str(SAMPLES))
    if made.machine is not None:
        pytest.skip("dies in a virtual machine: see tests/vm")
    if (made.limit or made.shared) and os.geteuid() != 0:
        pytest.skip("a memory cgroup and a tmpfs need root")
    if made.limit:
        from kerascrash.cli.demo.limits import find_limit

        limit = find_limit(made.limit)
        limit.clean_up()
        if limit.changes:
            pytest.skip("no memory cgroup can be made here")
    return made


@pytest.mark.parametrize("recording", MAKES, ids=lambda p: p.parent.name, indirect=True)
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
