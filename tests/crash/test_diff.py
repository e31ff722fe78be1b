"""The same script with its leak and without: `diff` says what changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import harness
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.crash
KEPT_PER_STEP = 2000 * 1000 * 4


def diff(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kerascrash", "diff", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_made_the_difference_comes_first(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("died", "lived")]
    for folder in folders:
        folder.mkdir()
    died = harness.let_die("keeps_if_told.py", folders[0], limit_mib=1000, KEEP="1")
    lived = harness.let_die("keeps_if_told.py", folders[1], KERASCRASH_KEEP="always")
    assert died.dump is not None
    assert lived.dump is not None
    assert died.verdict["factor"] == "tensor_leak"
    assert died.culprit["owner"] == "Keeper.kept"
    told = json.loads(diff(died.dump, lived.dump, "--format", "json"))
    assert told["runs"]["A"]["cause"] == "host_oom_cgroup"
    assert told["runs"]["B"]["lived"] is True
    found: dict[tuple[str, str], dict[str, Any]] = {
        (each["group"], each["name"]): each for each in told["differences"]
    }
    weights = [each["weight"] for each in told["differences"]]
    assert weights == sorted(weights, reverse=True)
    kept = next(d for (group, name), d in found.items() if "kept" in name)
    assert kept["group"] == "holdings"
    assert kept["b"] is None
    assert kept["a"] > 20 * KEPT_PER_STEP
    growth = found["growth", "growth of the process"]
    assert growth["a"] == pytest.approx(KEPT_PER_STEP, rel=0.25)
    assert abs(growth["b"]) < 0.1 * KEPT_PER_STEP
    assert found["limits", "container memory"]["b"] == "none"
    # What was the same is not told: it was one script in one environment.
    assert not {"versions", "model", "batch", "data", "pipeline"} & {
        group for group, _ in found
    }
    assert told["stage"] == "fit"
    text = diff(died.dump, lived.dump)
    assert text.startswith("Run A died, run B lived.")
    page = diff(died.dump, lived.dump, "--format", "html", "-o", "-")
    assert "<h1>Run A died, run B lived.</h1>" in page


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    sample = ROOT / "sample_dumps" / "list_leak_cgroup" / "dump.bin.gz"
    told = json.loads(diff(sample, sample, "--format", "json"))
    assert told["differences"] == []
    assert diff(sample, sample).startswith("Both runs died the same death.")
