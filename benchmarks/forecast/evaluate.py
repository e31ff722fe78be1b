"""
Hold forecasts against what really was needed, and against simple rules.

    python benchmarks/forecast/evaluate.py FOLDER [--tuned]

FOLDER is one that ``measure.py`` filled. Each configuration is predicted from the dump
of the same model at another batch size; an error is relative to the peak less the level
after the imports and one dummy operation. Reported are the architectures that the
forecast was not tuned on (``--tuned``: those it was).
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from measure import TUNED_ON

from kerascrash.collect.dump_case import load_case
from kerascrash.estimate.forecast import forecast_of
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.timeline import recording_of

MARGIN = 1.2
MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """One prediction: bytes above the base level, by method."""

    key: str
    batch: int
    seen: int
    truth: int
    predicted: dict[str, float]
    low: float
    high: float


def predict(known: dict[str, Any], asked: dict[str, Any], folder: Path) -> Row | None:
    """Predict one run from the dump of another; None where it cannot be told."""
    case = load_case(str(folder / f"{_key(known)}.bin.gz"))
    forecast, recording = forecast_of(case), recording_of(case)
    if forecast.reason or recording is None:
        print(_key(known), "no forecast:", forecast.reason)
        return None
    batch, base = asked["batch"], known["base"]
    peak = forecast.peak(batch)
    model = models_of(recording, batch)[0]
    outputs = sum(layer.output_bytes for layer in model.layers)
    return Row(
        key=f"{_key(known, batch=False)}",
        batch=batch,
        seen=known["batch"],
        truth=asked["peak"] - asked["base"],
        predicted={
            "forecast": peak.bytes - base,
            "4 x weights": 4 * model.weights,
            "weights + slots + outputs": model.weights + model.slots + outputs,
            "last observed": known["peak"] - base,
        },
        low=peak.low - base,
        high=peak.high - base,
    )


def _key(run: dict[str, Any], *, batch: bool = True) -> str:
    names = ("name", "optimizer", "mode", *(("batch",) if batch else ()))
    return "-".join(str(run[name]) for name in names)


def rows_of(folder: Path) -> list[Row]:
    """Predict every configuration from each other batch size of the same model."""
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(_key(run, batch=False), []).append(run)
    pairs = (pair for group in groups.values() for pair in permutations(group, 2))
    rows = (predict(known, asked, folder) for known, asked in pairs)
    return [row for row in rows if row is not None]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print errors of each method, and how often the interval held the truth."""
    if not rows:
        return
    print(f"\n{title}: {len(rows)} predictions of {len({r.key for r in rows})} models")
    print(f"{'method':28s} median   mean    p90  under-estimates at +20 %")
    for method in rows[0].predicted:
        errors = sorted(abs(r.predicted[method] - r.truth) / r.truth for r in rows)
        under = sum(r.predicted[method] * MARGIN < r.truth for r in rows) / len(rows)
        middle, mean = statistics.median(errors), statistics.fmean(errors)
        worst = errors[int(0.9 * (len(errors) - 1))]
        print(f"{method:28s} {middle:6.1%} {mean:6.1%} {worst:6.1%} {under:10.1%}")
    held = sum(row.low <= row.truth <= row.high for row in rows) / len(rows)
    print(f"the 90 % interval held the truth in {held:.1%}")


def main() -> None:
    folder = Path(sys.argv[1])
    rows = rows_of(folder)
    tuned = "--tuned" in sys.argv
    kept = [r for r in rows if (r.key.split("-")[0] in TUNED_ON) == tuned]
    for row in kept:
        value, low, high = row.predicted["forecast"], row.low, row.high
        print(
            f"{row.key:28s} {row.seen:5d} -> {row.batch:5d}: {value / MIB:7.1f} MiB "
            f"[{low / MIB:.0f}, {high / MIB:.0f}], really {row.truth / MIB:7.1f} "
            f"({value / row.truth - 1:+.1%})"
        )
    show("every other batch size", kept)
    near = [
        row for row in kept if max(row.batch, row.seen) <= 2 * min(row.batch, row.seen)
    ]
    show("twice or half the batch", near)


if __name__ == "__main__":
    main()
