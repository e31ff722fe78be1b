"""
What a training step costs armed: the ratio of step times, armed to unarmed.

For a noisy machine: two processes, the same seeded ``fit``, are alive at once and take
turns of a few dozen steps, so that what else goes on meets both alike; the order in a
pair alternates. Ratios are taken pair by pair, in elapsed and in processor time (all
threads, the recorder's own too). Printed: the median ratio with its bootstrap interval,
and the A/A noise floor (unarmed against unarmed).

    python benchmarks/bench_step.py [PAIRS] [WIDTH] [STEPS]

WIDTH makes the step (256: about 5 ms, 1600: about 200 ms), STEPS are those of a turn.
The backend is Keras' own choice (``KERAS_BACKEND=jax``, ``torch``).
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

class Turns(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if batch % TURN_STEPS:
            return
        if keras.backend.backend() == "jax":  # it runs ahead
            import jax
            jax.block_until_ready(jax.live_arrays())
        if batch:
            print(time.perf_counter() - self.wall, time.process_time() - self.cpu,
                  flush=True)
        if not sys.stdin.readline():
            self.model.stop_training = True
            raise SystemExit(0)
        self.wall, self.cpu = time.perf_counter(), time.process_time()

keras.utils.set_random_seed(1)
width = int(sys.argv[1])
x = np.random.rand(640, width).astype("float32")
model = keras.Sequential([keras.layers.Dense(width, "relu") for _ in range(10)])
model.compile("adam", "mse")
model.fit(x, x, batch_size=64, epochs=2, verbose=0)
endless = (pair for _ in iter(int, 1) for pair in
           ((x[i:i + 64], x[i:i + 64]) for i in range(0, 640, 64)))
model.fit(endless, steps_per_epoch=1 << 30, verbose=0, callbacks=[Turns()])
"""
Turn = tuple[float, float]


class Trainer:
    """A process that trains for one turn whenever told to."""

    def __init__(self, folder: Path, width: int, steps: int, *, armed: bool) -> None:
        first = "import kerascrash.arm\n" if armed else ""
        script = folder / ("armed.py" if armed else "plain.py")
        body = TRAIN.replace("TURN_STEPS", str(steps))
        script.write_text(first + body, encoding="utf-8")
        environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
        environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environ["CUDA_VISIBLE_DEVICES"] = "-1"
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(width)],
            env=environ,
            cwd=folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def turn(self) -> Turn:
        """Let it train; return its elapsed and its processor time."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        wall, cpu = self._process.stdout.readline().split()
        return float(wall), float(cpu)

    def close(self) -> None:
        self._process.communicate(timeout=60)


def ratios(
    folder: Path, pairs: int, width: int, turn: int, *, armed: bool
) -> tuple[list[float], list[float], float]:
    """Return second/first in elapsed and processor time, and the step's ms."""
    first = Trainer(folder, width, turn, armed=False)
    second = Trainer(folder, width, turn, armed=armed)
    found: tuple[list[float], list[float]] = ([], [])
    steps = []
    for number in range(-5, pairs):
        if number % 2:
            plain, other = first.turn(), second.turn()
        else:
            other, plain = second.turn(), first.turn()
        if number >= 0:  # the first turns warm up
            steps.append(plain[0])
            for kind in (0, 1):
                found[kind].append(other[kind] / plain[kind])
    first.close()
    second.close()
    return *found, 1e3 * statistics.median(steps) / turn


def summary(values: list[float]) -> str:
    """Return the median with its 95 % bootstrap interval."""
    draw = random.Random(0)
    medians = sorted(
        statistics.median(draw.choices(values, k=len(values))) for _ in range(2000)
    )
    return f"{statistics.median(values):.4f} [{medians[50]:.4f}, {medians[1949]:.4f}]"


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    turn = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    print(f"{'':28}{'elapsed':28}processor")
    with tempfile.TemporaryDirectory() as folder:
        for name, armed in (("unarmed / unarmed", False), ("armed / unarmed", True)):
            elapsed, processor, step_ms = ratios(
                Path(folder), pairs, width, turn, armed=armed
            )
            text = f"{name:28}{summary(elapsed):28}{summary(processor)}"
            print(f"{text}   (a step: {step_ms:.2f} ms)", flush=True)


if __name__ == "__main__":
    main()
