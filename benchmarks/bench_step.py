"""
What a training step costs armed: the ratio of step times, armed to unarmed.

Processes run in interleaved pairs (armed and unarmed in alternating order), each the
same seeded ``fit``; a step's time is the median over the process. Printed: the median
ratio with its bootstrap interval, and the A/A noise floor (unarmed against unarmed).

    python benchmarks/bench_step.py [PAIRS] [WIDTH]
"""

from __future__ import annotations

import os
import random
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

class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.stamps = []
    def on_train_batch_begin(self, batch, logs=None):
        self.stamps.append(time.perf_counter())

keras.utils.set_random_seed(1)
width, steps = int(sys.argv[1]), int(sys.argv[2])
x = np.random.rand(64 * 50, width).astype("float32")
model = keras.Sequential([keras.layers.Dense(width, "relu") for _ in range(3)])
model.compile("adam", "mse")
clock = Clock()
model.fit(x, x, batch_size=64, epochs=steps // 50, verbose=0, callbacks=[clock])
stamps = clock.stamps[20:]
print(1e3 * (stamps[-1] - stamps[0]) / (len(stamps) - 1))
"""


def step_ms(script: Path, width: int, environ: dict[str, str], *, armed: bool) -> float:
    """Return the mean step time of one process in ms."""
    first = "import kerascrash.arm\n" if armed else ""
    path = script.with_name("armed.py" if armed else "plain.py")
    path.write_text(first + TRAIN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path), str(width), "1500"],
        check=True,
        env=environ,
        cwd=script.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return float(done.stdout)


def ratios(
    script: Path, pairs: int, width: int, environ: dict[str, str], *, armed: bool
) -> list[float]:
    """Return second/first step times; the second is armed, or (A/A) is not."""
    found = []
    for number in range(pairs):
        if number % 2:
            plain = step_ms(script, width, environ, armed=False)
            other = step_ms(script, width, environ, armed=armed)
        else:
            other = step_ms(script, width, environ, armed=armed)
            plain = step_ms(script, width, environ, armed=False)
        found.append(other / plain)
        print(f"  {plain:8.3f} ms  {other:8.3f} ms  {found[-1]:.4f}", flush=True)
    return found


def summary(values: list[float]) -> str:
    """Return the median with its 95 % bootstrap interval."""
    draw = random.Random(0)
    medians = sorted(
        statistics.median(draw.choices(values, k=len(values))) for _ in range(4000)
    )
    return f"{statistics.median(values):.4f} [{medians[100]:.4f}, {medians[3899]:.4f}]"


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    with tempfile.TemporaryDirectory() as folder:
        environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
        environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environ["CUDA_VISIBLE_DEVICES"] = "-1"
        script = Path(folder) / "train.py"
        floor = ratios(script, pairs, width, environ, armed=False)
        armed = ratios(script, pairs, width, environ, armed=True)
    print(f"noise floor (unarmed / unarmed)  {summary(floor)}")
    print(f"armed / unarmed                  {summary(armed)}")


if __name__ == "__main__":
    main()
