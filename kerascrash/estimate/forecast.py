"""
The peak of a run at another batch size: fixed + alive + again × drift, with interval.

What is alive at once in a step, and how far the tensors that come out of malloc's
arenas may add up otherwise in each of them (the drift), is what the model's arithmetic
counts for a batch; ``again`` is how much of it arenas keep.

Prior: the model's arithmetic and what tracing and threads take, from runs of other
models (see ``calibration``). Each run that was observed updates both, as a line with
Gaussian uncertainty; what is predicted starts from the nearest observation. A death
before the first steps were done bounds the peak from below only: what is expected then
is the mean of the distribution above that bound, and what arithmetic did not account
for grows with the batch as what it did.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

from kerascrash.estimate.calibration import PRIORS, SPREAD, Z90
from kerascrash.estimate.chance import mean_above
from kerascrash.estimate.kept import leaks
from kerascrash.estimate.limits import NO_LIMIT, cgroup_limit
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.resident import last_reading, mapped_files, runtime_baseline
from kerascrash.estimate.step_bytes import (
    LayerCost,
    StepCost,
    execution_mode,
    own_model,
    step_cost,
)
from kerascrash.estimate.step_runs import StepRun, needed_at_least, step_runs
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording

_FARTHEST = 64
"""Times the batch that was seen: beyond, nothing is claimed."""
_STRIDE = 1.2
_SPREAD_GUESSED = 0.2
_USUAL_TENSORS = 10  # that a step keeps, where nothing tells how many
_SHORT = (
    "the first step took more than the shapes of the layers account for (what code of "
    "your own keeps is not known); halve the batch until a step is done"
)
_UNACCOUNTED = 1.5
"""Times what is counted that a step took: what else it does is not known."""
_CAUTION = 0.2
"""Standard deviations that a recommended batch stays below the limit."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Predicted peak resident bytes of the process, with a 90 % interval."""

    batch: int
    bytes: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What can be told of other batch sizes.

    ``reason`` says why nothing can (then there is no line). ``before`` is the level
    when the run began, ``mapped`` what of the peak are pages of files, which a limit
    does not count against the process; ``spread`` is the part of a rise by which two
    runs differ beside one drift.
    """

    reason: str = ""
    present: int = 0
    before: int = 0
    mapped: int = 0
    observed: tuple[StepRun, ...] = ()
    again: float = 0.0
    fixed: float = 0.0
    variance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cost: StepCost = field(default_factory=lambda: StepCost((), 0.0))
    limit: int | None = None
    from_model_alone: bool = False
    anchor: tuple[int, int] | None = None
    spread: float = SPREAD
    beyond: float = 1.0
    """Times what is counted that a death showed to be needed."""

    def peak(self, batch: int) -> Peak:
        """Return the predicted peak at a batch size."""
        drift = self.cost.drift(batch)
        value = self.before + self.fixed + self._taken(batch)
        var_fixed, covariance, var_again = self.variance
        square = var_fixed + 2 * covariance * drift + var_again * drift**2
        if self.anchor is not None:
            at, seen = self.anchor
            own = max(seen - self.before - self.fixed, 0.0)
            value = seen + own * (self._taken(batch) / self._taken(at) - 1)
            square = var_again * (drift - self.cost.drift(at)) ** 2
        above = max(value - self.before, 0.0)
        chance = (self.spread * above) ** 2 + drift**2
        deviation = math.sqrt(max(square, 0.0) + chance)
        reach = Z90 * deviation
        return Peak(
            batch,
            int(value),
            int(max(value - reach, self.before)),
            int(value + reach),
        )

    def _taken(self, batch: int) -> float:
        return self.beyond * self.cost.taken(batch, self.again)

    def fits(self, batch: int, limit: int) -> bool:
        """Return whether the peak at that batch stays below a limit in bytes."""
        return self.peak(batch).bytes - self.mapped <= limit

    def largest(self, limit: int) -> tuple[int, int, int] | None:
        """Return (batch to use, low, high) that fit a limit, None where none does."""

        def highest(deviations: float) -> int:
            return _largest(
                lambda batch: self._reach(batch, deviations) <= limit,
                _FARTHEST * max(self.present, 1),
            )

        batch, low, high = (highest(at) for at in (_CAUTION, Z90, -Z90))
        batch = _round(batch)
        return (batch, min(low, batch), high) if batch >= 1 else None

    def _reach(self, batch: int, deviations: float) -> float:
        peak = self.peak(batch)
        one = (peak.high - peak.bytes) / Z90
        return peak.bytes + deviations * one - self.mapped


def forecast_of(case: Case, limit: int | None = None) -> Forecast:
    """Return the forecast, or why there is none."""
    recording = recording_of(case)
    if recording is None:
        return Forecast(reason="nothing was recorded")
    runs, kept = step_runs(case), leaks(case)
    if kept and (not runs or runs[-1].died):
        owner = kept[0].holding.owner
        return Forecast(
            reason=f"`{owner}` grew with every step: no batch size would have fitted"
        )
    present = runs[-1].batch if runs else batch_size_of(recording)
    if not present or not runs:
        return Forecast(reason="no training with a known batch size was recorded")
    needed = step_cost(recording, present)
    complete = tuple(run for run in runs if run.complete)
    if needed is None and not complete:
        return Forecast(reason="the model's shapes are unknown and no step was done")
    found = _line(
        case, recording, runs, complete, limit or cgroup_limit(case) or _host(case)
    )
    return Forecast(reason=_SHORT) if found.beyond > _UNACCOUNTED else found


def _host(case: Case) -> int | None:
    return last_reading(case, "host_total")


def _line(
    case: Case,
    recording: Recording,
    runs: tuple[StepRun, ...],
    complete: tuple[StepRun, ...],
    limit: int | None,
) -> Forecast:
    run = (complete or runs)[-1]
    prior, model = PRIORS[execution_mode(recording)], own_model(recording)
    usual = prior.fixed_of(model.layers if model else ())
    cost = step_cost(recording, run.batch)
    if cost is None:  # nothing but the run itself: what it took grows with the batch
        rise = max(run.peak - run.before - usual, 1)
        kept = rise / run.batch / (1 + prior.again / math.sqrt(_USUAL_TENSORS))
        cost = StepCost((LayerCost(kept, 0, kept / _USUAL_TENSORS),), 0.0)
    # Slots are zeros whose pages nobody has touched before the first step.
    computed = model.slots if model and run is runs[0] else 0
    variance = prior.fixed_spread**2 + (computed / 3) ** 2
    line = _Line(usual + computed, prior.again, (variance, 0.0, prior.again_spread**2))
    if prior.returns and run.complete and run.between is not None:
        line = line.standing(run.between - run.before)
    for one in complete:
        line = line.seeing(cost, one.batch, one.peak - one.before)
    # A guess is the order of the layers of a model that was never built, and, before a
    # step was seen, what code of the user's own keeps.
    guess = model and (not model.built or (model.own_code and not complete))
    spread = _SPREAD_GUESSED if guess else SPREAD
    beyond, mapped = 1.0, min(mapped_files(case), run.before)
    if not complete:
        rise = needed_at_least(case, run, mapped) - run.before
        beyond = line.beyond(cost, run.batch, rise, spread)
    base = runtime_baseline(recording)
    return Forecast(
        present=run.batch,
        before=max(run.before, base or 0),
        mapped=mapped,
        observed=complete,
        again=line.again,
        fixed=line.fixed,
        variance=line.variance,
        cost=cost,
        limit=limit if limit and limit < NO_LIMIT else None,
        from_model_alone=not complete,
        anchor=(run.batch, run.peak) if complete else None,
        spread=spread,
        beyond=beyond,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """``fixed + alive + again × drift``, covariance (fixed², fixed·again, again²)."""

    fixed: float
    again: float
    variance: tuple[float, float, float]

    def standing(self, level: int) -> _Line:
        """Return the line where what does not grow with the batch was itself seen."""
        fixed = float(max(level, 0))
        return _Line(fixed, self.again, ((SPREAD * fixed) ** 2, 0.0, self.variance[2]))

    def seeing(self, cost: StepCost, batch: int, rise: float) -> _Line:
        """Return the line after one observation (a Kalman update)."""
        a, b, c = self.variance
        drift = cost.drift(batch)
        gain_fixed, gain_again = a + b * drift, b + c * drift
        noise = (SPREAD * max(rise, 1.0)) ** 2 + drift**2
        total = gain_fixed + gain_again * drift + noise
        error = rise - self._rise(cost, batch)
        fixed = self.fixed + gain_fixed * error / total
        again = self.again + gain_again * error / total
        return _Line(
            max(fixed, 0.0),
            max(again, 0.0),
            (
                a - gain_fixed**2 / total,
                b - gain_fixed * gain_again / total,
                c - gain_again**2 / total,
            ),
        )

    def beyond(self, cost: StepCost, batch: int, rise: float, spread: float) -> float:
        """Return how many times what is counted a death after ``rise`` bytes shows."""
        a, b, c = self.variance
        drift, mean = cost.drift(batch), self._rise(cost, batch)
        square = a + 2 * b * drift + c * drift**2 + (spread * mean) ** 2 + drift**2
        chance = NormalDist(mean, math.sqrt(max(square, 1.0)))
        wanted = mean_above(chance, rise)
        taken = max(cost.taken(batch, self.again), 1.0)
        return max((wanted - self.fixed) / taken, 1.0)

    def _rise(self, cost: StepCost, batch: int) -> float:
        return self.fixed + cost.taken(batch, self.again)


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """
    Return the largest batch up to ``most`` that fits with all below it, 0 for none.

    The peak may fall where tensors become large enough to be mapped. What fits beyond
    such an edge alone hangs on the size of one tensor, and a smaller batch, which
    anybody would take to be safer, would die.
    """
    low, high = 0, 1
    while fits(high):
        if high >= most:
            return most
        low, high = high, min(max(int(high * _STRIDE), high + 1), most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _round(batch: int) -> int:
    """Round down to a number that people use, by at most one part in eight."""
    step = 1 << max(batch.bit_length() - 4, 0)
    return batch // step * step


def in_parts(batch: int, fitting: int) -> tuple[int, int]:
    """
    Return (steps, samples in each) that together have the effect of one batch.

    Of equal parts that give exactly the batch, where none is less than half of what
    fits; else one or two samples more.
    """
    for part in range(fitting, max(fitting // 2 - 1, 0), -1):
        if batch % part == 0:
            return batch // part, part
    steps = -(-batch // fitting)
    return steps, -(-batch // steps)
