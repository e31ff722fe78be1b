"""
Hold the forecast of TensorFlow's own pool against the peak that the pool counted.

    python benchmarks/forecast/pool.py FOLDER

FOLDER is one that ``measure.py FOLDER STEPS --pool`` filled. The ledger is what the
arithmetic alone says of the same run; the forecast is made from another batch size.
"""

from __future__ import annotations

import json
import statistics
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

from measure import TUNED_ON, key_of

from kerascrash.collect.dump_case import load_case
from kerascrash.estimate.pool_peak import HOST, device_fits, pool_need
from kerascrash.estimate.timeline import recording_of

MIB = 1 << 20


def main() -> None:
    folder = Path(sys.argv[1])
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    cases = {key_of(run): load_case(f"{folder / key_of(run)}.bin.gz") for run in runs}
    ledger: dict[str, float] = {}
    for run in runs:
        recording = recording_of(cases[key_of(run)])
        need = pool_need(recording, run["batch"], HOST) if recording else None
        if need is not None:
            ledger[key_of(run)] = need.total / run["pool"] - 1
    forecast: dict[str, float] = {}
    for known, asked in permutations(runs, 2):
        if key_of(known, batch=False) == key_of(asked, batch=False):
            rows = device_fits(cases[key_of(known)], asked["batch"])
            told = rows[0]["predicted_peak_bytes"] if rows else None
            if told:
                name = f"{key_of(asked)} from {known['batch']}"
                forecast[name] = told / asked["pool"] - 1
    for title, errors in (("ledger", ledger), ("forecast", forecast)):
        show(title, errors, runs)


def show(title: str, errors: dict[str, float], runs: list[dict[str, Any]]) -> None:
    """Print every error, and their medians for each half."""
    for name, error in errors.items():
        print(f"{title:9s} {name:42s} {error:+.1%}")
    for half in ("tuned", "held out"):
        sizes = [
            abs(error)
            for name, error in errors.items()
            if (name.split("-")[0] in TUNED_ON) == (half == "tuned")
        ]
        if sizes:
            print(
                f"{title}, {half}: median {statistics.median(sizes):.1%}, mean "
                f"{statistics.fmean(sizes):.1%}, {len(sizes)} of {len(runs)} runs"
            )


if __name__ == "__main__":
    main()
