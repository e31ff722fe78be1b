"""No damage to a dump may crash its reader, cost more than it should, or invent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and fork")
@pytest.mark.parametrize(
    ("seed", "count"),
    [(1, 200), pytest.param(10**6, 20_000, marks=[pytest.mark.slow])],
)
@pytest.mark.timeout(3000)
def test_every_mutant_is_read_or_refused(
    full_dump: Path, seed: int, count: int
) -> None:
    script = Path(__file__).with_name("mutants.py")
    done = subprocess.run(
        [sys.executable, str(script), str(full_dump), str(seed), str(count)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["wrong"] == [], done.stderr[-3000:]
    assert sum(result["outcomes"].values()) > count * 0.8
    assert result["outcomes"]["0"] > count * 0.6, "most mutants can still be read"
