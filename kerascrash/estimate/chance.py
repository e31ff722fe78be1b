"""What is expected of a quantity of which a lower bound was seen."""

from __future__ import annotations

from statistics import NormalDist

_NOTHING = 1e-9
"""A chance that numbers do not tell from none."""


def mean_above(chance: NormalDist, bound: float) -> float:
    """Return the mean of what is more than ``bound`` of a normal distribution."""
    left = 1 - chance.cdf(bound)
    if left < _NOTHING:  # so far out, it lies next to the bound
        return bound + chance.stdev**2 / (bound - chance.mean)
    return chance.mean + chance.variance * chance.pdf(bound) / left
