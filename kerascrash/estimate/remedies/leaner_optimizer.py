"""An optimizer that keeps fewer copies of the weights."""

from __future__ import annotations

from kerascrash.estimate.optimizer_slots import (
    leaner_optimizer,
    optimizer_class,
    own_slots,
)
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes


def _judge(measure: Measure, seen: Situation) -> Remedy:
    own, raw = seen.own, seen.model.get("optimizer")
    if own is None or not isinstance(raw, dict):
        return measure.unknown("no optimizer was recorded.")
    slots, was = own_slots(raw), optimizer_class(raw)
    leaner = leaner_optimizer(slots)
    if leaner is None or not own.slots:
        return measure.no(f"{was} keeps no copies of the weights.")
    name, fewer = leaner
    saves = (slots - fewer) * own.gradients
    detail = (
        f"{was} keeps {format_bytes(slots * own.gradients)} beside the weights, {name} "
        f"{format_bytes(fewer * own.gradients)}."
    )
    quoted = rf"(?i)(?<=[\"']){was}(?=[\"'])"
    place, line = seen.change(quoted, name.lower())
    if not line:
        place, line = seen.change(rf"\b{was}\(", f"{name}(")
    return measure.yes(
        saves, detail, place, line or f"optimizer=keras.optimizers.{name}(…)"
    )


MEASURE = Measure("leaner_optimizer", "another optimizer", "model", 2, _judge)
