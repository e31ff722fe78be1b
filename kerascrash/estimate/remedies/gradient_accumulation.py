"""Gradient accumulation: a smaller batch with the effect of the larger one."""

from __future__ import annotations

from kerascrash.estimate.forecast import in_parts
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes


def _judge(measure: Measure, seen: Situation) -> Remedy:
    forecast, own = seen.forecast, seen.own
    fits = forecast.largest(forecast.limit) if forecast.limit else None
    if forecast.reason or fits is None or own is None:
        return measure.unknown("what batch would fit is not known.")
    if fits[0] >= forecast.present:
        return measure.no(f"a batch of {forecast.present:,} should have fitted.")
    steps, batch = in_parts(forecast.present, fits[0])
    less = forecast.peak(forecast.present).bytes - forecast.peak(batch).bytes
    detail = (
        f"{steps} steps of {batch:,} have the effect of one of {forecast.present:,}; "
        f"the sum of the gradients takes {format_bytes(own.gradients)} more."
    )
    name = own.optimizer or "Adam"
    line = f"optimizer=keras.optimizers.{name}(gradient_accumulation_steps={steps})"
    place, found = seen.change(r"\.compile\(", ".compile(")
    place = place if found else None
    return measure.yes(less - own.gradients, detail, place, line)


MEASURE = Measure(
    "gradient_accumulation", "gradient accumulation at the same effective batch",
    "step", 0, _judge,
)  # fmt: skip
