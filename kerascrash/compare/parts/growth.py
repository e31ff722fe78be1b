"""Growth of the process from step to step, over the steps that both runs did."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.runs import between, slope, steps_of
from kerascrash.compare.weights import NOISE, scale_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "growth"
_FEWEST = 6


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = (steps_of(recording_of(d.case)) for d in (a, b))
    if not one or not two:
        return
    last = min(one[-1].step, two[-1].step)
    if last < _FEWEST:
        return
    low = last // 4  # the first steps trace and allocate: they are no growth
    rates = [
        slope([(r.step, r.bytes) for r in between(reached, low, last)])
        for reached in (one, two)
    ]
    if rates[0] is None or rates[1] is None:
        return
    # What it comes to over all steps that the longer run did.
    steps = max(one[-1].step, two[-1].step)
    share = abs(rates[1] - rates[0]) * steps / scale_of(a, b)
    if share >= NOISE:
        note = f"from step {low:,} to step {last:,}"
        yield Difference(
            _GROUP,
            "growth of the process",
            round(rates[0]),
            round(rates[1]),
            "bytes per step",
            min(share, 2.0),
            note,
        )


PART = Part("growth", "growth per step", _compare)
