"""
What profile windows cost: blocks of EVERY steps with one, against blocks without.

One process, one seeded ``fit`` with ``KERASCRASH_PROFILE`` at twice EVERY: so blocks
with a window and blocks without follow each other, and what else goes on in the machine
meets both alike. Each block with one is held to the mean of the blocks before and
after; the ratios are means (a median would not see a cost that falls on one step), with
a bootstrap interval, in elapsed and in processor time (all threads). Two figures follow
that a busy machine disturbs less: the time that beginning and ending a window took, in
processor time of the training's thread, by itself and as a share of EVERY steps. The
limit that the recorder sets itself (0.5 % of the time) is off meanwhile.

    python benchmarks/bench_windows.py [PAIRS] [WIDTH] [EVERY]
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAIN = """
import kerascrash.arm
import json, sys, time
import numpy as np
import keras
from kerascrash.record import windows
from kerascrash.record.arming import current_recorder

width, every, blocks = map(int, sys.argv[1:])
calls = []

def timed(function):
    def call(self, *args):
        begun, wall = time.thread_time_ns(), time.monotonic_ns()
        function(self, *args)
        calls.append((time.thread_time_ns() - begun, time.monotonic_ns() - wall))
    return call

windows.Windows._begin = timed(windows.Windows._begin)
windows.Windows._finish = timed(windows.Windows._finish)

# Else windows are rarer than asked for, and more likely in a block that takes long.
current_recorder().windows._pace._share = 1.0

class Blocks(keras.callbacks.Callback):
    steps, rows, last = 0, [], None
    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps % every:
            return
        made = current_recorder().windows._made
        now = (time.perf_counter(), time.process_time(), made)
        if self.last:
            self.rows.append([b - a for a, b in zip(self.last, now)])
        self.last = now
        if len(self.rows) == blocks:
            print(json.dumps({"rows": self.rows, "calls": calls}), flush=True)
            sys.exit(0)

keras.utils.set_random_seed(1)
x = np.random.rand(640, width).astype("float32")
model = keras.Sequential([keras.layers.Dense(width, "relu") for _ in range(3)])
model.compile("adam", "mse")
endless = (pair for _ in iter(int, 1) for pair in
           ((x[i:i + 64], x[i:i + 64]) for i in range(0, 640, 64)))
model.fit(endless, steps_per_epoch=1 << 30, verbose=0, callbacks=[Blocks()])
"""


def measure(pairs: int, width: int, every: int) -> dict[str, list[list[float]]]:
    """Train in a folder of its own and return rows of (elapsed, processor, windows)."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(TRAIN, encoding="utf-8")
        environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
        environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environ |= {"KERASCRASH_PROFILE": str(2 * every), "CUDA_VISIBLE_DEVICES": "-1"}
        arguments = [str(width), str(every), str(2 * pairs + 3)]
        done = subprocess.run(
            [sys.executable, str(script), *arguments],
            env=environ,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
        )
    found: dict[str, list[list[float]]] = json.loads(done.stdout)
    return found


def ratios(rows: list[list[float]], kind: int) -> list[float]:
    """Return each block with a window over the mean of its neighbours without."""
    return [
        2 * now[kind] / (before[kind] + after[kind])
        for before, now, after in zip(rows, rows[1:], rows[2:], strict=False)
        if now[2] == 1 and not before[2] and not after[2]
    ]


def summary(values: list[float]) -> str:
    """Return the mean with its 95 % bootstrap interval."""
    draw = random.Random(0)
    means = sorted(
        statistics.fmean(draw.choices(values, k=len(values))) for _ in range(2000)
    )
    return f"{statistics.fmean(values):.4f} [{means[50]:.4f}, {means[1949]:.4f}]"


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    found = measure(pairs, width, every)
    rows = found["rows"]
    plain = [row for row in rows if not row[2]]
    step_ms = 1e3 * statistics.median(row[0] for row in plain) / every
    cpu_ms = 1e3 * statistics.median(row[1] for row in plain) / every
    print(f"a step: {step_ms:.2f} ms elapsed, {cpu_ms:.2f} ms of processor")
    print(f"elapsed    {summary(ratios(rows, 0))}   ({len(ratios(rows, 0))} windows)")
    print(f"processor  {summary(ratios(rows, 1))}")
    calls = found["calls"][2:]  # the first one loads what there is to load
    for kind, name in ((0, "processor"), (1, "elapsed")):
        window_ms = 2e-6 * statistics.fmean(call[kind] for call in calls)
        of_steps = window_ms / every / (cpu_ms, step_ms)[kind]
        print(f"beginning and ending one: {window_ms:.2f} ms {name}, {of_steps:.3%}")


if __name__ == "__main__":
    main()
