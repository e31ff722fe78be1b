"""
Real deaths of real Keras scripts, from the first line to the report.

The scripts differ from the samples in how they are written; nothing in the tool knows
either.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import harness
import pytest

pytestmark = pytest.mark.crash
LIMIT = 1536


@pytest.mark.parametrize(
    ("script", "owner", "source", "each"),
    [
        ("list_in_function.py", "outputs", "outputs.append(", 4e6),
        ("list_on_object.py", "Experiment.activations", "activations.append(", 16e6),
        ("dict_of_module.py", "CACHE", "CACHE[number] = ", 4e6),
    ],
)
def test_tensors_that_are_kept(script, owner, source, each, tmp_path) -> None:
    death = harness.let_die(script, tmp_path, limit_mib=LIMIT)
    assert death.status == -signal.SIGKILL
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "tensor_leak",
    )
    assert death.culprit["owner"] == owner
    assert death.culprit["line"] == death.line(script, source)
    assert death.culprit["bytes"] == pytest.approx(death.truth("bytes"), rel=0.1)
    assert death.culprit["growth_bytes_per_step"] == pytest.approx(each, rel=0.1)


def test_arrays_that_a_callback_keeps(tmp_path) -> None:
    death = harness.let_die("callback_keeps.py", tmp_path, limit_mib=LIMIT)
    assert death.verdict["factor"] == "tensor_leak"
    assert death.culprit["growth_bytes_per_step"] == pytest.approx(8e6, rel=0.1)


def test_a_batch_far_too_large(tmp_path) -> None:
    death = harness.let_die("large_batch.py", tmp_path, limit_mib=LIMIT)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "batch_size",
    )
    assert death.culprit["line"] == death.line("large_batch.py", "net.fit(")
    assert "net.fit" in death.culprit["owner"]


def test_layers_far_too_large(tmp_path) -> None:
    death = harness.let_die("large_layers.py", tmp_path, limit_mib=LIMIT)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "model_size",
    )
    wide = death.line("large_layers.py", 'name="wide_2"')
    assert death.culprit["line"] == wide


def test_data_loaded_whole(tmp_path) -> None:
    death = harness.let_die("large_array.py", tmp_path, limit_mib=LIMIT)
    verdict = death.verdict
    assert (verdict["cause"], verdict["factor"]) == ("host_oom_cgroup", "data_size")
    assert verdict["second_factor"] == "dtype"
    names = ("train_images", "more_images", "everything")
    assert death.culprit["owner"] in names


@pytest.mark.parametrize(
    ("how", "status", "cause"),
    [
        ("null", -signal.SIGSEGV, "native_segfault"),
        ("abort", -signal.SIGABRT, "native_abort_check"),
        ("os_exit", 7, "silent_exit"),
        ("sys_exit", 5, "silent_exit"),
        ("value_error", 1, "python_exception"),
    ],
)
def test_an_end_within_the_training(how, status, cause, tmp_path) -> None:
    death = harness.let_die("healthy.py", tmp_path, KILL_BY=how)
    assert death.status == status, death.err
    assert (death.verdict["cause"], death.verdict["factor"]) == (cause, "none")
    # Native code dies between two looks at the stacks: then the run's line is named.
    marks = {
        "null": ("ctypes.memset(", "model.fit("),
        "abort": ("os.abort()", "model.fit("),
        "value_error": ("raise ValueError(",),
        "os_exit": ("os._exit(7)",),
        "sys_exit": ("sys.exit(5)",),
    }
    lines = [death.line("healthy.py", text) for text in marks[how]]
    assert death.culprit["line"] in lines
    assert death.report["progress"]["epoch"] is not None


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (signal.SIGTERM, "termination_signal"),
        (signal.SIGHUP, "termination_signal"),
        (signal.SIGINT, "user_interrupt"),
        (signal.SIGKILL, "external_kill"),
    ],
)
def test_a_signal_from_outside(number, cause, tmp_path) -> None:
    death = harness.let_die("healthy.py", tmp_path, act=harness.send(number))
    assert (death.verdict["cause"], death.verdict["factor"]) == (cause, "none")
    assert death.verdict["culprit"] is None


def test_kill_9_within_a_limited_cgroup_is_no_oom(tmp_path) -> None:
    act = harness.send(signal.SIGKILL)
    death = harness.let_die("healthy.py", tmp_path, limit_mib=2048, act=act)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "external_kill",
        "none",
    )


NEIGHBOUR = """
import time
kept = []
for _ in range(400):
    kept.append(bytearray(4 << 20))
    time.sleep(0.02)
time.sleep(30)
"""


def test_a_neighbour_that_eats_the_memory(tmp_path) -> None:
    def act(running) -> None:
        running.wait_for("READY")
        # The kernel would choose the bigger one; a service manager sets this too.
        adjust = Path(f"/proc/{running.process.pid}/oom_score_adj")
        adjust.write_text("1000", encoding="ascii")
        neighbour = subprocess.Popen(
            running.limit.wrap([sys.executable, "-c", NEIGHBOUR]),
            preexec_fn=running.limit.prepare,
        )
        try:
            running.process.wait(timeout=60)
        finally:
            neighbour.kill()
            neighbour.wait()
            pids.append(neighbour.pid)

    pids: list[int] = []
    death = harness.let_die("healthy.py", tmp_path, limit_mib=1024, act=act)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "other_process",
    )
    # It was gone with its victim: seen before, while memory became short.
    assert f"(pid {pids[0]})" in death.verdict["culprit"]["owner"]


def test_a_clean_end_leaves_nothing(tmp_path) -> None:
    said = {}
    for armed in ("1", "0"):
        folder = tmp_path / armed
        folder.mkdir()
        end = harness.let_die("healthy.py", folder, EPOCHS="3", KERASCRASH=armed)
        assert end.status == 0
        assert end.dump is None
        assert not list(folder.rglob("*.bin*"))
        # TensorFlow has its own things to say, with times and pids of its own.
        said[armed] = re.sub(r"\d+", "0", end.err)
    assert said["1"] == said["0"]
    assert "kerascrash" not in said["1"]


def test_without_a_watcher_the_dump_alone_carries_the_case(tmp_path) -> None:
    death = harness.let_die(
        "list_on_object.py", tmp_path, limit_mib=LIMIT, KERASCRASH_WATCHER="0"
    )
    assert death.report["certificate"] is None
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "tensor_leak",
    )
    assert death.culprit["owner"] == "Experiment.activations"


@pytest.mark.skipif(os.geteuid() != 0, reason="a pid namespace needs root")
def test_as_pid_1_of_its_namespace(tmp_path) -> None:
    wrap = ("unshare", "--pid", "--fork", "--mount-proc")
    death = harness.let_die("list_in_function.py", tmp_path, limit_mib=LIMIT, wrap=wrap)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        "tensor_leak",
    )


def test_a_report_elsewhere_needs_neither_script_nor_tensorflow(tmp_path) -> None:
    place = tmp_path / "there"
    place.mkdir()
    death = harness.let_die("healthy.py", place, KILL_BY="value_error")
    assert death.dump is not None
    moved = tmp_path / "ticket.bin"
    moved.write_bytes(death.dump.read_bytes())
    report = harness.report_on(moved)
    assert report["verdict"]["cause"] == "python_exception"
    assert report["verdict"]["culprit"]["line"] == death.culprit["line"]


@pytest.mark.parametrize(
    ("script", "factor", "source"),
    [
        ("listed_images.py", "data_size", "images = ["),
        ("loop_batch.py", "batch_size", "net(samples, training=True)"),
        ("pairwise.py", "tensor_ops", "return tf.reduce_sum("),
    ],
)
def test_what_one_line_takes_at_once(script, factor, source, tmp_path) -> None:
    death = harness.let_die(script, tmp_path, limit_mib=LIMIT)
    assert (death.verdict["cause"], death.verdict["factor"]) == (
        "host_oom_cgroup",
        factor,
    )
    assert death.culprit["line"] == death.line(script, source)
