"""Pruning: weights set to zero stay where they are."""

from __future__ import annotations

from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy

_WHY = (
    "pruned weights are zeros in tensors of the same size, with the same gradients and "
    "slots: it makes the stored model smaller, not its training."
)


def _judge(measure: Measure, _seen: Situation) -> Remedy:
    return measure.no(_WHY)


MEASURE = Measure("pruning", "pruning", "model", 2, _judge)
