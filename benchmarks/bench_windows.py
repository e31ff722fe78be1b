"""
What profile windows cost: the steps around a window, beyond the steps further off.

One process, one seeded ``fit``, and a window every CYCLE steps, so that there are many
in a minute: what one costs does not depend on how far off the next is. A window begins
with a step, traces two and ends with the third; one more is counted as its wake. From
these four steps the same number of ordinary ones is taken, the mean of those before and
after: what else goes on in the machine meets both alike. Printed is the difference, and
what it is of 100 such steps (``KERASCRASH_PROFILE=100``), in elapsed time and in
processor time of the process, with 95 % bootstrap intervals (trimmed means), and the
same of a step in the middle between windows, which is the noise floor. The limit that
the recorder sets itself (0.5 % of the time) is off meanwhile; with it, windows are
rarer where steps are so quick that one is dearer.

    python benchmarks/bench_windows.py [WINDOWS] [WIDTH]
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_step import interval

ROOT = Path(__file__).resolve().parents[1]
CYCLE, AROUND, ASKED = 16, 4, 100
LONGEST_S = 200
"""Training stops then on a slow machine: the figure has a wider interval."""
TRAIN = """
import kerascrash.arm
import json, sys, time
import numpy as np
import keras
from kerascrash.record.arming import current_recorder

width, wanted = map(int, sys.argv[1:])
windows = current_recorder().windows
windows._pace._share = 1.0  # else they are rarer than asked for

class Steps(keras.callbacks.Callback):
    rows = []
    def on_train_batch_begin(self, batch, logs=None):
        if keras.backend.backend() == "jax":  # it runs ahead
            import jax
            jax.block_until_ready(jax.live_arrays())
        self.rows.append((time.perf_counter(), time.process_time(), windows._made))
        if windows._made == wanted or self.rows[-1][0] - self.rows[0][0] > LONGEST_S:
            print(json.dumps(self.rows), flush=True)
            sys.exit(0)

keras.utils.set_random_seed(1)
x = np.random.rand(640, width).astype("float32")
model = keras.Sequential([keras.layers.Dense(width, "relu") for _ in range(3)])
model.compile("adam", "mse")
endless = (pair for _ in iter(int, 1) for pair in
           ((x[i:i + 64], x[i:i + 64]) for i in range(0, 640, 64)))
model.fit(endless, steps_per_epoch=1 << 30, verbose=0, callbacks=[Steps()])
"""


def measure(windows: int, width: int) -> list[list[float]]:
    """Train in a folder of its own; return (elapsed, processor, windows) by step."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        script.write_text(TRAIN.replace("LONGEST_S", str(LONGEST_S)), encoding="utf-8")
        environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
        environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environ |= {"KERASCRASH_PROFILE": str(CYCLE), "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(
            [sys.executable, str(script), str(width), str(windows)],
            env=environ,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    rows: list[list[float]] = json.loads(done.stdout)
    return rows


def costs(rows: list[list[float]], kind: int, shift: int) -> list[float]:
    """Return of each window what the steps around it took beyond ordinary ones."""
    took = [b[kind] - a[kind] for a, b in itertools.pairwise(rows)]
    begins = [i for i in range(len(took)) if rows[i + 1][2] > rows[i][2]]
    found = []
    for begin in begins[2:-1]:  # the first one loads what there is to load
        before = took[begin - AROUND : begin]
        after = took[begin + AROUND : begin + 2 * AROUND]
        if shift:  # far from any window, the same sum
            before = took[begin + AROUND : begin + 2 * AROUND]
            after = took[begin + 3 * AROUND : begin + 4 * AROUND]
        around = took[begin + shift : begin + shift + AROUND]
        found.append(sum(around) - (sum(before) + sum(after)) / 2)
    return found


def main() -> None:
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 896
    rows = measure(windows, width)
    for kind, name in ((0, "elapsed"), (1, "processor")):
        took = [b[kind] - a[kind] for a, b in itertools.pairwise(rows)]
        step = statistics.median(took)
        print(f"{name}: a step {1e3 * step:.2f} ms")
        for shift, what in ((0, "a window"), (2 * AROUND, "noise floor")):
            values = costs(rows, kind, shift)
            middle, low, high = (1e3 * each for each in interval(values))
            text = f"  {what:12}{middle:6.2f} ms [{low:.2f}, {high:.2f}], of 100 steps "
            share = [each / 1e3 / step / ASKED for each in (middle, low, high)]
            print(text + "{:.3%} [{:.3%}, {:.3%}]".format(*share))
    print(f"{len(values)} windows, {rows[-1][0] - rows[0][0]:.0f} s")


if __name__ == "__main__":
    main()
