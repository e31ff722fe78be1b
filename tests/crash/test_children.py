"""Children of every start method, in the report of a training that died of them."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import harness
import psutil
import pytest

pytestmark = pytest.mark.crash
SCRIPT = "workers_grow.py"


def slow(method: str) -> object:
    return pytest.param(method, marks=pytest.mark.slow)


def leftovers(folder: Path) -> list[str]:
    """Return the companions of this folder that still live."""
    done = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True)
    return [row for row in done.stdout.splitlines() if f"start.py {folder}" in row]


def die_of_workers(method: str, folder: Path):
    death = harness.let_die(SCRIPT, folder, limit_mib=1700, METHOD=method)
    assert death.status == -signal.SIGKILL, death.err
    verdict = (death.verdict["cause"], death.verdict["factor"])
    assert verdict == ("host_oom_cgroup", "child_process")
    time.sleep(1)
    assert leftovers(folder) == []
    return death


@pytest.mark.parametrize(
    "method",
    ["spawn", *map(slow, ("forkserver", "spawn_pool", "executor", "subprocess"))],
)
def test_what_armed_workers_hold_is_named(method, tmp_path) -> None:
    death = die_of_workers(method, tmp_path)
    assert death.culprit["owner"] == "kept"
    in_loop = death.line(SCRIPT, "  kept.append(")
    made = death.line(SCRIPT, "    kept = [")
    assert death.culprit["line"] in (in_loop, made)
    assert "in worker process" in death.culprit["note"]
    assert len(death.report["children"]) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "fork_pool"])
def test_forked_workers_count_once_and_nobody_else_is_blamed(method, tmp_path) -> None:
    death = die_of_workers(method, tmp_path)
    assert death.verdict["culprit"] is None
    (held,) = [
        line
        for line in death.report["ledger"]["host"]["lines"]
        if line["name"] == "children"
    ]
    assert held["bytes"] < 1100 << 20  # six of them: 250 MB of the parent's in each


def test_what_forked_workers_of_a_loader_run_is_named(tmp_path) -> None:
    """PyTorch says it in one way or another, or nothing but that a pipe broke."""
    pytest.importorskip("torch")
    script = "loader_workers.py"
    death = harness.let_die(script, tmp_path, limit_mib=1000, END="grows")
    verdict = (death.verdict["cause"], death.verdict["factor"])
    assert verdict == ("host_oom_cgroup", "child_process")
    assert death.culprit["owner"] == "Pictures.__getitem__"
    assert death.culprit["line"] == death.line(script, "def __getitem__")
    made = death.line(script, "loader = DataLoader(")
    assert f"made at {script}:{made}" in death.culprit["note"]


def test_a_worker_of_a_loader_that_crashes(tmp_path) -> None:
    pytest.importorskip("torch")
    death = harness.let_die("loader_workers.py", tmp_path, END="crashes")
    assert death.verdict["cause"] == "native_segfault"
    assert death.culprit["owner"] == "Pictures.__getitem__"


@pytest.mark.parametrize("watcher", ["1", "0"])
def test_a_worker_of_a_loader_that_is_killed_by_hand(watcher, tmp_path) -> None:
    pytest.importorskip("torch")

    def kill_one(running: harness.Running) -> None:
        running.wait_for("READY")
        parent = psutil.Process(running.process.pid)
        same = [one for one in parent.children() if one.cmdline() == parent.cmdline()]
        same[0].kill()

    script = "loader_workers.py"
    death = harness.let_die(
        script, tmp_path, act=kill_one, END="killed", KERASCRASH_WATCHER=watcher
    )
    assert death.verdict["cause"] in ("external_kill", "unknown")
    assert watcher == "0" or death.verdict["cause"] == "external_kill"
    if death.verdict["cause"] == "external_kill":
        assert death.culprit["owner"] == "Pictures.__getitem__"
        assert death.culprit["line"] == death.line(script, "def __getitem__")
