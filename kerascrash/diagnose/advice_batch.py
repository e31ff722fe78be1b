"""Advice on the batch: what would have fitted, and how to keep the batch's effect."""

from __future__ import annotations

from kerascrash.estimate.forecast import Forecast, forecast_of, in_parts
from kerascrash.estimate.forecast_facts import edges_text
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.step_bytes import own_model
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Advice
from kerascrash.units import format_bytes

_ROOM = 1.1
"""A limit to ask for: the predicted peak and what differs from run to run."""


def batch_advice(case: Case, place: Place | None) -> list[Advice]:
    """Return advice on batch, accumulation, precision and limit; empty if unknown."""
    forecast = forecast_of(case)
    fits = forecast.largest(forecast.limit) if forecast.limit else None
    if forecast.limit is None or fits is None or fits[0] >= forecast.present:
        return []
    batch, low, high = fits
    needed, present = forecast.peak(batch), forecast.peak(forecast.present)
    saves = present.bytes - needed.bytes
    charged = needed.bytes - forecast.mapped
    bound = format_bytes(forecast.limit)
    alone = "; from the model alone: no step was done"
    return [
        Advice(
            f"Use batch_size={batch} instead of {forecast.present}.",
            f"It needs about {format_bytes(charged)} of the {bound} allowed; "
            f"{edges_text(low, high)}"
            f"{alone if forecast.from_model_alone else ''}.",
            saves,
            place,
        ),
        _accumulation(batch, forecast.present, saves, place),
        *_precision(case, forecast),
        _limit(case, forecast),
    ]


def _accumulation(batch: int, present: int, saves: int, place: Place | None) -> Advice:
    steps, part = in_parts(present, batch)
    return Advice(
        "Keep the effective batch: accumulate gradients in the optimizer, "
        f"`gradient_accumulation_steps={steps}` with batch_size={part}.",
        "It keeps one more copy of the gradients and the same mean over the batch.",
        saves,
        place,
    )


def _precision(case: Case, forecast: Forecast) -> list[Advice]:
    recording = recording_of(case)
    model = own_model(recording, forecast.present) if recording else None
    if model is None or not model.activations:
        return []
    rows = recording.models.get("models") or () if recording else ()
    if any("16" in str(row.get("dtype_policy")) for row in rows):
        return []
    return [
        Advice(
            "Compute in half precision: "
            "`keras.mixed_precision.set_global_policy('mixed_bfloat16')`.",
            "It halves the outputs kept for the backward pass.",
            model.activations // 2,
        )
    ]


def _limit(case: Case, forecast: Forecast) -> Advice:
    peak = forecast.peak(forecast.present)
    wanted = format_bytes(int(_ROOM * (peak.high - forecast.mapped)))
    needs = f"It needs about {format_bytes(peak.bytes - forecast.mapped)}."
    if cgroup_limit(case) is None:
        machine = f"a machine with {wanted} to spare"
        return Advice(f"Or run batch_size={forecast.present} on {machine}.", needs)
    return Advice(
        f"Or raise the limit to {wanted} for batch_size={forecast.present}.",
        f"{needs} `docker run -m`, `resources.limits.memory`, `MemoryMax=`.",
    )
