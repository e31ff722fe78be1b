"""
What recording adds to the memory of a training process.

Pairs of processes that train the same for the same number of steps, armed and not, in
alternating order; printed is the difference of their anonymous resident memory and of
their proportional set size (PSS: with the pages of the dump and of files), in MiB, as
median and range, and the spread among the unarmed ones.

    python benchmarks/bench_memory.py [PAIRS] [STEPS]

The backend is Keras' own choice (``KERAS_BACKEND=jax``, ``torch``).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAIN = """
import sys, time
import numpy as np
import keras

class Read(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        time.sleep(0.02)  # long enough that what the recorder does late is done
        if batch < int(sys.argv[1]):
            return
        rows = open("/proc/self/status").read() + open("/proc/self/smaps_rollup").read()
        sizes = dict(row.split(":", 1) for row in rows.splitlines() if ":" in row)
        print(sizes["RssAnon"].split()[0], sizes["Pss"].split()[0], flush=True)
        import os; os._exit(0)

keras.utils.set_random_seed(1)
x = np.random.rand(640, 128).astype("float32")
model = keras.Sequential([keras.layers.Dense(128, "relu") for _ in range(10)])
model.compile("adam", "mse")
endless = (pair for _ in iter(int, 1) for pair in
           ((x[i:i + 64], x[i:i + 64]) for i in range(0, 640, 64)))
model.fit(endless, steps_per_epoch=1 << 30, verbose=0, callbacks=[Read()])
"""


def measure(folder: Path, steps: int, *, armed: bool) -> tuple[float, float]:
    """Return anonymous and proportional memory of one training in MiB."""
    script = folder / ("armed.py" if armed else "plain.py")
    first = "import kerascrash.arm\n" if armed else ""
    script.write_text(first + TRAIN, encoding="utf-8")
    environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
    environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environ["CUDA_VISIBLE_DEVICES"] = "-1"
    done = subprocess.run(
        [sys.executable, str(script), str(steps)],
        env=environ,
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    anonymous, proportional = map(int, done.stdout.split())
    return anonymous / 1024, proportional / 1024


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    plain, armed = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(pairs):
            for arm in (False, True) if number % 2 else (True, False):
                row = measure(Path(folder), steps, armed=arm)
                (armed if arm else plain).append(row)
    for kind, name in ((0, "anonymous"), (1, "PSS")):
        more = sorted(b[kind] - a[kind] for a, b in zip(plain, armed, strict=True))
        alone = [row[kind] for row in plain]
        text = f"{statistics.median(more):6.2f} MiB [{more[0]:.2f}, {more[-1]:.2f}]"
        print(
            f"{name:10} added {text}, unarmed ones {max(alone) - min(alone):.2f} apart"
        )


if __name__ == "__main__":
    main()
