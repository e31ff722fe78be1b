"""Real kernels that are armed by a cell, and die, are killed, or are restarted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import harness
import kernels
import pytest

pytestmark = pytest.mark.crash

MODEL = """\
import keras, tensorflow as tf
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1000)])
optimizer = keras.optimizers.SGD(0.01)
x = tf.ones((1000, 64))
history = []
"""
LEAK = """\
for step in range(100_000):
    with tf.GradientTape() as tape:
        output = model(x, training=True)
        loss = tf.reduce_mean(output ** 2)
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))

    history.append(output)
"""


@pytest.fixture
def open_notebook(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start kernels in an empty folder; all are closed in the end."""
    opened = []

    def start(*options: str, **more: Any) -> Any:
        opened.append(kernels.Notebook(tmp_path, *options, **more))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def watchers(folder: Path) -> list[str]:
    """Return the companions that watch a dump of this folder."""
    done = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True)
    return [row for row in done.stdout.splitlines() if f"start.py {folder}" in row]


def eventually(condition: Callable[[], bool], patience_s: float = 10) -> bool:
    give_up = time.monotonic() + patience_s
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.05)
    return condition()


def sealed(opened: Any) -> Path:
    """Return the only dump, once its watcher has gone."""
    assert eventually(lambda: not any(p.suffix == ".sync" for p in opened.files))
    (dump,) = opened.files
    return Path(dump)


def test_a_list_that_grows_in_a_cell(open_notebook, tmp_path) -> None:
    limit = harness.make_limit(1200)
    try:
        opened = open_notebook(prepare=limit.prepare)
        assert opened.run("%load_ext kerascrash")["stderr"] == ""
        opened.run(MODEL)
        assert opened.run(LEAK)["died"]
    finally:
        limit.clean_up()
    dump = sealed(opened)
    report = harness.report_on(dump)
    verdict = report["verdict"]
    assert (verdict["cause"], verdict["factor"]) == ("host_oom_cgroup", "tensor_leak")
    culprit = verdict["culprit"]
    place = (culprit["owner"], culprit["file"], culprit["line"])
    assert place == ("history", "In [3]", 8)
    assert [8, "    history.append(output)"] in culprit["excerpt"]
    assert "(In [3], line 8)" in verdict["summary"]
    assert eventually(lambda: not watchers(tmp_path))
    second = open_notebook()
    told = second.run("import kerascrash.arm")["stderr"]
    assert told.count("\n") == 1
    assert "previous kernel" in told
    assert dump.name in told
    second.close()
    assert open_notebook().run("import kerascrash.arm")["stderr"] == ""


def test_a_restart_by_the_user_is_a_clean_end(open_notebook, tmp_path) -> None:
    opened = open_notebook(KERASCRASH_STDERR="1")
    before = opened.run("import os; print(os.readlink('/proc/self/fd/2'))")["stdout"]
    opened.run("%load_ext kerascrash")
    after = opened.run("print(os.readlink('/proc/self/fd/2'))")["stdout"]
    assert before == after
    assert eventually(lambda: len(watchers(tmp_path)) == 1)
    opened.restart()
    assert eventually(lambda: not opened.files and not watchers(tmp_path))
    assert opened.run("import kerascrash.arm")["stderr"] == ""
    opened.send("import time\ntime.sleep(100)")
    time.sleep(0.5)
    opened.restart()  # while a cell runs: it is interrupted
    assert eventually(lambda: not opened.files and not watchers(tmp_path))


STUBBORN = """\
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    time.sleep(0.1)
"""


def test_a_kernel_that_must_be_killed_for_a_restart(open_notebook, tmp_path) -> None:
    opened = open_notebook()
    opened.run("%load_ext kerascrash")
    opened.send(STUBBORN)
    time.sleep(0.5)
    opened.restart()
    assert eventually(lambda: not opened.files and not watchers(tmp_path))


def test_a_kernel_that_is_killed_is_a_death(open_notebook, tmp_path) -> None:
    opened = open_notebook("--ext=kerascrash")
    assert opened.run("print('on')")["stdout"] == "on\n"
    cell = opened.send("import time\ntime.sleep(100)")
    time.sleep(1)
    os.kill(opened.pid, signal.SIGKILL)
    assert opened.wait_for(cell)["died"]
    dump = sealed(opened)
    report = harness.report_on(dump)
    assert report["verdict"]["cause"] == "external_kill"
    assert eventually(lambda: not watchers(tmp_path))
    # Armed before any cell: the first one shows what there is to tell.
    second = open_notebook("--ext=kerascrash").run("print('on')")
    assert dump.name in second["stderr"]
    assert second["stdout"] == "on\n"


def test_only_the_notebooks_message_is_left(tmp_path) -> None:
    log = tmp_path / "server.log"
    log.write_text(
        "[I 2026-11-23 10:00:01.000 ServerApp] Kernel started: 1f0c\n"
        "[I 2026-11-23 10:02:11.514 ServerApp] AsyncIOLoopKernelRestarter: "
        "restarting kernel (1/5), keep random ports\n"
    )
    argv = [sys.executable, "-m", "kerascrash", "explain", "--platform", "notebook"]
    done = subprocess.run(
        [*argv, "--log", str(log), "--format", "json", "-o", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    cause = json.loads(done.stdout)["verdict"]["cause"]
    assert cause == "notebook_kernel_death"


SLOW_LEAK = """\
import time
import numpy as np
import keras
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
kept = []
for step in range(70):
    model.train_on_batch(np.ones((8, 4)), np.ones((8, 1)))
    kept.append(np.ones(500_000))
    time.sleep(1)
"""


@pytest.mark.slow
def test_a_warning_appears_below_the_cell(open_notebook) -> None:
    limit = harness.make_limit(1000)
    try:
        opened = open_notebook(prepare=limit.prepare)
        opened.run("%load_ext kerascrash")
        told = opened.run(SLOW_LEAK)["stderr"]
        opened.close()
    finally:
        limit.clean_up()
    told = "".join(line for line in told.splitlines(True) if "kerascrash" in line)
    assert told.count("\n") == 1
    assert "limit of 1,000.0 MiB is reached in about" in told
    assert "growing: `kept`" in told
