"""
What a run takes, told from its model alone, against what it took.

    python benchmarks/forecast/alone.py FOLDER

FOLDER is one that ``measure.py`` filled. This is all that is known after a death in the
first step: the model's arithmetic, and what tracing, threads and arenas usually take.
Printed for each run, then by half and by the way steps were executed.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

from measure import TUNED_ON

from kerascrash.collect.dump_case import load_case
from kerascrash.estimate.calibration import PRIORS
from kerascrash.estimate.forecast import forecast_of
from kerascrash.estimate.step_bytes import own_model
from kerascrash.estimate.timeline import recording_of

MIB = 1 << 20


def error_of(path: Path) -> float | None:
    """Return the relative error for one run, None where nothing can be told."""
    run = json.loads(path.read_text(encoding="utf-8"))
    case = load_case(str(path.with_suffix(".bin.gz")))
    forecast, recording = forecast_of(case), recording_of(case)
    model = own_model(recording) if recording else None
    if model is None or not forecast.observed:
        return None
    prior, seen = PRIORS[run["mode"]], forecast.observed[-1]
    fixed = prior.fixed_of(model.layers) + model.slots
    told = fixed + forecast.cost.taken(run["batch"], prior.again)
    took = seen.peak - seen.before
    print(f"{path.stem:32s} {told / MIB:7.1f} MiB, really {took / MIB:7.1f}")
    return told / took - 1


def main() -> None:
    errors: dict[tuple[str, str], list[float]] = {}
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        name, _, mode, _ = path.stem.split("-")
        half = "tuned on" if name in TUNED_ON else "held out"
        error = error_of(path)
        if error is not None:
            errors.setdefault((half, mode), []).append(error)
    for (half, mode), row in sorted(errors.items()):
        sizes = [abs(error) for error in row]
        print(
            f"{half}, {mode}: median {statistics.median(sizes):.1%}, mean "
            f"{statistics.fmean(sizes):.1%}, bias {statistics.fmean(row):+.1%}"
        )


if __name__ == "__main__":
    main()
