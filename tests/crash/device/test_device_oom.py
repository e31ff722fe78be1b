"""
Real TensorFlow runs out of a real pool: 400 MiB of BFC memory on the CPU.

Each script dies for another reason; `explain` must tell them apart by what they left:
the words on stderr alone, and with the trace of the profiling window that they closed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "scripts"
ROOT = Path(__file__).resolve().parents[3]
POOL = {"TF_CPU_ALLOCATOR_USE_BFC": "1", "TF_CPU_BFC_MEM_LIMIT_IN_MB": "400"}
# oneDNN's kernels crash instead of raising on some processors: a test of its own.
PLAIN = {"TF_ENABLE_ONEDNN_OPTS": "0"}
# script: factor, what the culprit must name
DEATHS = {
    "batch_too_large": ("batch_size", "conv2d", "[768,64,64,32]"),
    "tensor_list_leak": ("tensor_leak", "AddV2", "[1024,2048]"),
    "one_huge_op": ("tensor_ops", "AddV2", "[12000,12000]"),
    "fragmented_pool": ("memory_fragmentation", "Fill", "[48,262144]"),
}
LEFT: dict[str, Path] = {}


@pytest.fixture
def left(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the folder of what a script left; each script dies once."""
    pytest.importorskip("tensorflow")
    name = str(request.param)
    if name not in LEFT:
        folder = tmp_path_factory.mktemp(name)
        environment = {**os.environ, **POOL, **PLAIN, "TRACE_DIR": str(folder / "logs")}
        environment["TF_BFC_MEMORY_DUMP"] = str(folder / "map")
        with (folder / "train.err").open("wb") as stderr:
            done = subprocess.run(
                [sys.executable, str(SCRIPTS / f"{name}.py")],
                env=environment,
                stderr=stderr,
                stdout=subprocess.DEVNULL,
                cwd=folder,
                timeout=280,
            )
        assert done.returncode == 1
        LEFT[name] = folder
    return LEFT[name]


def explain(*options: str, status: int = 1) -> dict[str, Any]:
    argv = [sys.executable, "-m", "kerascrash", "explain", "--format", "json"]
    argv += ["--exit", str(status if status >= 0 else 128 - status)]
    done = subprocess.run(
        [*argv, *options], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["faults"] == []
    return report


@pytest.mark.crash
@pytest.mark.parametrize("with_trace", [False, True], ids=["stderr", "trace"])
@pytest.mark.parametrize(("left", "right"), DEATHS.items(), indirect=["left"])
def test_each_death_is_judged_right(
    left: Path, right: tuple[str, str, str], with_trace: bool
) -> None:
    factor, op, shape = right
    options = ["--stderr", str(left / "train.err")]
    report = explain(*options, *(["--trace", str(left)] if with_trace else []))
    verdict = report["verdict"]
    assert (verdict["cause"], verdict["factor"]) == ("gpu_oom", factor)
    culprit = verdict["culprit"]
    said = f"{culprit['owner']} {culprit['kind']} {culprit['note']}"
    assert op in said
    assert shape in said
    assert Path(culprit["file"]).name == f"{left.name.rstrip('0123456789')}.py"
    assert "BFC pool on the CPU" in verdict["summary"]
    row = report["allocators"][0]
    assert row["name"] == "bfc_cpu_allocator_for_gpu"
    assert row["capacity_bytes"] == 400 << 20
    assert 0 < row["peak_bytes"] <= 400 << 20


@pytest.mark.crash
def test_it_is_the_same_death_where_the_kernel_crashes_without_the_memory(
    tmp_path: Path,
) -> None:
    """oneDNN on a processor with AVX-512: SIGSEGV where others raise; both are one."""
    pytest.importorskip("tensorflow")
    with (tmp_path / "train.err").open("wb") as stderr:
        done = subprocess.run(
            [sys.executable, str(SCRIPTS / "batch_too_large.py")],
            env={**os.environ, **POOL, "TF_ENABLE_ONEDNN_OPTS": "1"},
            stderr=stderr,
            stdout=subprocess.DEVNULL,
            cwd=tmp_path,
            timeout=280,
        )
    crashed = done.returncode == -signal.SIGSEGV
    assert crashed or done.returncode == 1
    report = explain("--stderr", str(tmp_path / "train.err"), status=done.returncode)
    verdict = report["verdict"]
    assert (verdict["cause"], verdict["factor"]) == ("gpu_oom", "batch_size")
    assert ("SIGSEGV" in verdict["summary"]) == crashed
    assert verdict["second_factor"] != "environment"


@pytest.mark.crash
@pytest.mark.parametrize("left", ["tensor_list_leak"], indirect=True)
def test_the_trace_alone_shows_what_was_kept(left: Path) -> None:
    report = explain("--trace", str(left / "logs"))
    (grown,) = report["allocators"][0]["growing"]
    assert (grown["op"], grown["shape"]) == ("AddV2", "[1024,2048]")
    assert grown["bytes_per_step"] == pytest.approx(8 << 20, rel=0.1)
    assert grown["count"] > 30


@pytest.mark.crash
@pytest.mark.parametrize("left", ["fragmented_pool"], indirect=True)
def test_the_map_file_shows_the_pieces(left: Path) -> None:
    """What TF_BFC_MEMORY_DUMP wrote agrees with what stderr says."""
    told = explain("--stderr", str(left / "train.err"))["allocators"][0]
    filed = explain("--trace", str(left))["allocators"][0]
    assert told["failed_request"]["free_bytes"] > 4 * (48 << 20)
    assert told["failed_request"]["largest_free_bytes"] < 48 << 20
    assert filed["name"] == told["name"]
