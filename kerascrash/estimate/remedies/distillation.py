"""Knowledge distillation: a teacher is one more model in memory."""

from __future__ import annotations

from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes


def _judge(measure: Measure, seen: Situation) -> Remedy:
    if seen.own is None:
        return measure.unknown("no model was recorded.")
    return measure.no(
        "the teacher stays in memory beside the student: this model as a teacher adds "
        f"{format_bytes(seen.own.weights)} of weights. What helps is the smaller "
        "student alone, or a teacher's outputs stored beforehand."
    )


MEASURE = Measure("distillation", "knowledge distillation", "model", 3, _judge)
