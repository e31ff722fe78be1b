"""Quantisation: for a model that is trained; prediction alone gains."""

from __future__ import annotations

from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_WHY = (
    "`model.quantize('int8')` is for a trained model; training needs its weights, "
    "gradients and slots in full."
)


def _judge(measure: Measure, seen: Situation) -> Remedy:
    predicts = seen.rise is not None and seen.rise.stage in ("predict", "evaluate")
    if not predicts or seen.own is None:
        return measure.no(_WHY)
    saves = seen.own.weights - seen.own.weights // 4
    detail = f"{format_bytes(seen.own.weights)} of weights in one byte each."
    return measure.yes(saves, detail, example="model.quantize('int8')")


MEASURE = Measure("quantisation", "quantisation", "model", 2, _judge)
