"""A slice of the deaths by batch of ``benchmarks/forecast``: what is advised runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEATHS = ROOT / "benchmarks" / "forecast" / "deaths.py"
pytestmark = [
    pytest.mark.crash,
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(sys.platform != "linux", reason="needs a memory cgroup"),
]


@pytest.mark.parametrize("key", ["cnn-adam-graph-1000"])
def test_the_batch_recommended_after_a_death_runs_and_half_more_dies(
    tmp_path, key
) -> None:
    pytest.importorskip("tensorflow")
    done = subprocess.run(
        [sys.executable, str(DEATHS), str(tmp_path), "--only", key],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "right: 1 of 1", done.stdout
    assert (tmp_path / f"{key}.bin.gz").exists()
