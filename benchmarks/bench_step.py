"""
What recording costs a training step, on a machine too noisy for two processes.

One process trains and is recorded for a block of steps, then not, in the order ABBA,
and between such quads come others in which nothing is recorded at all: the noise floor
(``alternating.py`` says what "not recorded" is). Printed, with 95 % bootstrap
intervals over the quads:

- elapsed time and processor time of the whole process, recorded over not recorded
  (trimmed means: a quad differs from the next by far more than by what is looked for),
- what recording itself took, as a share of the elapsed time: processor time that the
  training's thread uses more, of the recorder's own thread, and of the companion. The
  first two are all that can hold up a step while a core is free for the companion.

    python benchmarks/bench_step.py [QUADS] [WIDTH] [STEPS]

WIDTH makes the step (256: about 5 ms, 1600: about 200 ms), STEPS are those of a block.
The backend is Keras' own choice (``KERAS_BACKEND=jax``, ``torch``). Not in the figures:
what stays in memory while nothing is recorded (``bench_memory.py`` says how much).
"""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "alternating.py"
ELAPSED, PROCESSOR, MAIN, OWN, COMPANION = range(1, 6)
TRIMMED = 0.1
Row = list[float]
Quad = list[Row]


def orders(quads: int) -> str:
    """Return the blocks of all quads: recorded ones in turn with the noise floor."""
    draw = random.Random(1)
    return "".join(draw.choice(("0110", "1001")) + "0000" for _ in range(quads))


def train(labels: str, steps: int, width: int) -> tuple[dict[str, list[str]], Quad]:
    """Run it in a folder of its own; return what is switched, and a row per block."""
    environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
    environ |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environ["CUDA_VISIBLE_DEVICES"] = "-1"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), labels, str(steps), str(width)],
            env=environ,
            cwd=folder,
            text=True,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    switched, *rows = map(json.loads, done.stdout.splitlines())
    return switched, rows


def trimmed(values: Sequence[float]) -> float:
    """Return the mean without the highest and the lowest tenth."""
    cut = int(len(values) * TRIMMED)
    return statistics.fmean(sorted(values)[cut : len(values) - cut])


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the trimmed mean and its 95 % bootstrap interval."""
    draw = random.Random(0)
    means = sorted(trimmed(draw.choices(values, k=len(values))) for _ in range(2000))
    return trimmed(values), means[50], means[1949]


def sides(quad: Quad, kind: int, *, floor: bool) -> tuple[float, float]:
    """Return the sums of the outer and inner blocks: recorded first, if any is."""
    outer, inner = quad[0][kind] + quad[3][kind], quad[1][kind] + quad[2][kind]
    return (outer, inner) if floor or quad[0][0] else (inner, outer)


def as_ratio(values: list[float]) -> str:
    middle, low, high = (math.exp(each) for each in interval(values))
    return f"{middle:.4f} [{low:.4f}, {high:.4f}]"


def as_share(values: list[float]) -> str:
    middle, low, high = interval(values)
    return f"{middle:7.3%} [{low:7.3%}, {high:7.3%}]"


def report(quads: list[Quad]) -> None:
    """Print the table."""
    recorded = [q for q in quads if any(row[0] for row in q)]
    floor = [q for q in quads if not any(row[0] for row in q)]

    def ratios(chosen: list[Quad], kind: int, *, no: bool) -> str:
        pairs = (sides(quad, kind, floor=no) for quad in chosen)
        return as_ratio([math.log(on / off) for on, off in pairs])

    for kind, name in ((ELAPSED, "elapsed"), (PROCESSOR, "processor")):
        text = ratios(recorded, kind, no=False)
        print(f"{name:12}{text}   noise floor {ratios(floor, kind, no=True)}")

    def share(value: Callable[[Quad], float]) -> str:
        return as_share([value(q) / sides(q, ELAPSED, floor=False)[1] for q in quads])

    def more(quad: Quad) -> float:
        on, off = sides(quad, MAIN, floor=False)
        return on - off

    quads = recorded
    print(f"{'on the training thread':26}{share(more)}")
    for kind, name in ((OWN, "the recorder's thread"), (COMPANION, "companion")):
        print(f"{name:26}{share(lambda q, k=kind: sides(q, k, floor=False)[0])}")
    both = share(lambda q: more(q) + sides(q, OWN, floor=False)[0])
    print(f"{'the first two':26}{both}")


def main() -> None:
    quads = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    switched, rows = train(orders(quads), steps, width)
    print(f"switched: {', '.join([*switched['observer'], *switched['wrapped']])}")
    step_ms = 1e3 * statistics.median(row[ELAPSED] for row in rows) / steps
    cpu_ms = 1e3 * statistics.median(row[PROCESSOR] for row in rows) / steps
    print(f"a step: {step_ms:.2f} ms, {cpu_ms:.2f} ms of processor; {quads} quads")
    report([rows[at : at + 4] for at in range(0, len(rows), 4)])


if __name__ == "__main__":
    main()
