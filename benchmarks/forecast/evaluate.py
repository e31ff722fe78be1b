"""
Hold forecasts against what really was needed, and against simple rules.

    python benchmarks/forecast/evaluate.py FOLDER [--rows]

FOLDER is one that ``measure.py`` filled. Each configuration is predicted from the dump
of the same model at another batch size; an error is relative to the peak less the level
after the imports and one dummy operation. Reported are the architectures that the
forecast was tuned on and those it was not. "Fits" at shares of the true peak is judged
by that peak, and by really running where ``limits.py`` did. ``--rows``: every one.
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

from limits import SHARES, charged_peak
from measure import TUNED_ON, key_of

from kerascrash.collect.dump_case import load_case
from kerascrash.estimate.forecast import forecast_of
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.timeline import recording_of

MARGIN = 1.2
MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """
    One prediction: bytes above the base level, by method.

    ``fits`` is the forecast's word at each share of the true peak, ``really`` what came
    of running there, where that was tried.
    """

    key: str
    batch: int
    seen: int
    truth: int
    predicted: dict[str, float]
    low: float
    high: float
    fits: dict[float, bool]
    really: dict[float, bool]

    @property
    def tuned(self) -> bool:
        return self.key.split("-")[0] in TUNED_ON


def predict(
    known: dict[str, Any], asked: dict[str, Any], folder: Path, tried: dict[Any, bool]
) -> Row | None:
    """Predict one run from the dump of another; None where it cannot be told."""
    case = load_case(str(folder / f"{key_of(known)}.bin.gz"))
    forecast, recording = forecast_of(case), recording_of(case)
    if forecast.reason or recording is None:
        print(key_of(known), "no forecast:", forecast.reason)
        return None
    batch, base = asked["batch"], known["base"]
    peak, charged = forecast.peak(batch), charged_peak(asked, folder)
    model = models_of(recording, batch)[0]
    outputs = sum(layer.output_bytes for layer in model.layers)
    ran = {share: tried.get((key_of(asked), share)) for share in SHARES}
    return Row(
        key=f"{key_of(known, batch=False)}",
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
        fits={share: forecast.fits(batch, int(share * charged)) for share in SHARES},
        really={share: one for share, one in ran.items() if one is not None},
    )


def rows_of(folder: Path) -> list[Row]:
    """Predict every configuration from each other batch size of the same model."""
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    kept = folder / "limits.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    tried = {(row["key"], row["share"]): row["ran"] for row in map(json.loads, lines)}
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(key_of(run, batch=False), []).append(run)
    pairs = (pair for group in groups.values() for pair in permutations(group, 2))
    rows = (predict(known, asked, folder, tried) for known, asked in pairs)
    return [row for row in rows if row is not None]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print errors of each method, and how often the interval held the truth."""
    if not rows:
        return
    runs = len({(row.key, row.batch) for row in rows})
    print(f"\n{title}: {len(rows)} predictions of {runs} configurations")
    print(f"{'method':28s} median   mean    p90  under-estimates at +20 %")
    for method in rows[0].predicted:
        errors = sorted(abs(r.predicted[method] - r.truth) / r.truth for r in rows)
        under = sum(r.predicted[method] * MARGIN < r.truth for r in rows) / len(rows)
        middle, mean = statistics.median(errors), statistics.fmean(errors)
        worst = errors[int(0.9 * (len(errors) - 1))]
        print(f"{method:28s} {middle:6.1%} {mean:6.1%} {worst:6.1%} {under:10.1%}")
    held = sum(row.low <= row.truth <= row.high for row in rows) / len(rows)
    print(f"the 90 % interval held the truth in {held:.1%}")
    show_limits(rows)


def show_limits(rows: Sequence[Row]) -> None:
    """Print how often "fits" was right at each share of the true peak."""
    by_peak = [(s, row.fits[s] == (s >= 1)) for row in rows for s in SHARES]
    by_running = [
        (share, row.fits[share] == ran)
        for row in rows
        for share, ran in row.really.items()
    ]
    for how, words in (("the measured peak", by_peak), ("really running", by_running)):
        if not words:
            continue
        right = sum(one for _, one in words)
        each = ", ".join(
            f"{share}: {_mean([one for at, one in words if at == share])}"
            for share in sorted(SHARES)
        )
        print(f"fits, by {how}: {right} of {len(words)} right ({each})")


def _mean(words: Sequence[bool]) -> str:
    return f"{statistics.fmean(words):.0%}" if words else "-"


def show_row(row: Row) -> None:
    value = row.predicted["forecast"]
    print(
        f"{row.key:28s} {row.seen:5d} -> {row.batch:5d}: {value / MIB:7.1f} MiB "
        f"[{row.low / MIB:.0f}, {row.high / MIB:.0f}], really "
        f"{row.truth / MIB:7.1f} ({value / row.truth - 1:+.1%})"
    )


def main() -> None:
    rows = rows_of(Path(sys.argv[1]))
    if "--rows" in sys.argv:
        for row in rows:
            show_row(row)
    for title, tuned in (("tuned on", True), ("held out", False)):
        half = [row for row in rows if row.tuned == tuned]
        near = [
            row
            for row in half
            if max(row.batch, row.seen) <= 2 * min(row.batch, row.seen)
        ]
        show(f"{title}, every other batch size", half)
        show(f"{title}, twice or half the batch", near)


if __name__ == "__main__":
    main()
