"""A batch kills; the batch that the report recommends runs there, 1.5 × it does not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import harness
import pytest

pytestmark = pytest.mark.crash
LIMIT = 800


def run(folder: Path, batch: int, shape: str) -> Any:
    folder.mkdir()
    return harness.let_die(
        "sized_batch.py", folder, limit_mib=LIMIT, BATCH=str(batch), SHAPE=shape
    )


def test_the_recommended_batch_runs_and_half_more_dies(tmp_path) -> None:
    death = run(tmp_path / "first", 120_000, "dense")
    assert death.status == -signal.SIGKILL
    assert death.verdict["factor"] == "batch_size"
    fits = death.report["forecast"]["fits"]
    assert fits["low"] <= fits["batch_size"] <= fits["high"] < 120_000
    assert run(tmp_path / "fitting", fits["batch_size"], "dense").status == 0
    more = fits["batch_size"] * 3 // 2
    assert run(tmp_path / "more", more, "dense").status == -signal.SIGKILL
    advice = death.verdict["advice"]
    assert any(f"batch_size={fits['batch_size']}" in one["action"] for one in advice)


def test_the_batch_recommended_for_convolutions_runs(tmp_path) -> None:
    death = run(tmp_path / "first", 6_000, "convolution")
    assert death.status == -signal.SIGKILL
    batch = death.report["forecast"]["fits"]["batch_size"]
    assert 6_000 / 32 < batch < 6_000
    assert run(tmp_path / "fitting", batch, "convolution").status == 0


@pytest.mark.slow
def test_the_batch_recommended_for_a_pool_runs_in_it(tmp_path) -> None:
    """What lies in the pool whatever the batch is not halved with the batch."""

    def train(name: str, batch: int) -> Any:
        (tmp_path / name).mkdir()
        return harness.let_die(
            "pool_of_images.py", tmp_path / name, BATCH=str(batch),
            TF_CPU_ALLOCATOR_USE_BFC="1", TF_CPU_BFC_MEM_LIMIT_IN_MB="300",
        )  # fmt: skip

    death = train("first", 256)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "gpu_oom",
        "batch_size",
    )
    action = death.verdict["advice"][0]["action"]
    batch = int(action.partition("batch_size=")[2].partition(",")[0])
    assert train("fitting", batch).status == 0
    assert train("more", 4 * batch).status == 1


def test_fit_answers_for_a_dump(tmp_path) -> None:
    death = run(tmp_path / "first", 120_000, "dense")
    argv = [sys.executable, "-m", "kerascrash", "fit", str(death.dump)]
    done = subprocess.run(
        [*argv, "--batch", "64", "--limit", "4GiB", "--format", "json"],
        capture_output=True, text=True, cwd=harness.ROOT, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["batch_size"] == 64
    assert answer["fits"] is True
    assert answer["limit_bytes"] == 4 << 30
    assert answer["low_bytes"] <= answer["predicted_peak_bytes"]
    assert answer["largest_batch"]["batch_size"] > 64
