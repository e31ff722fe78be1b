"""How long a step took, over the steps that both runs did."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.runs import Reached, between, slope, steps_of
from kerascrash.compare.weights import of_numbers
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "speed"
_FEWEST = 6
_SAME = 1.3
"""A step's time differs by this much from run to run on a machine that others use."""


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = (steps_of(recording_of(d.case)) for d in (a, b))
    if not one or not two:
        return
    last = min(one[-1].step, two[-1].step)
    if last >= _FEWEST:
        times = _seconds(one, last // 4, last), _seconds(two, last // 4, last)
        yield from of_numbers(_GROUP, "time of a step", times, "seconds", _SAME)


def _seconds(reached: tuple[Reached, ...], low: int, high: int) -> float | None:
    rate = slope([(r.step, r.time) for r in between(reached, low, high)])
    return round(rate, 6) if rate and rate > 0 else None


PART = Part("speed", "speed", _compare)
