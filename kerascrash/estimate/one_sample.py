"""
Whether one sample alone asks too much: then no batch is small enough.

Attention over a long sequence and feature maps of huge images need memory by the square
of a length; a batch of two is not to blame for that.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.forecast import forecast_of
from kerascrash.estimate.memo import once
from kerascrash.estimate.model_arithmetic import LayerBytes, models_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case

_FEW = 8
"""Batches beyond are large enough to be asked about."""
_LEAST_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class OneSample:
    """The ``layer`` that keeps most, ``bytes`` of it for one of ``batch`` samples."""

    layer: LayerBytes
    bytes: int
    batch: int


@once
def too_large_sample(case: Case) -> OneSample | None:
    """Return what asks most of one sample where a batch of one would not fit."""
    forecast, models = forecast_of(case), models_of(recording_of(case))
    if forecast.reason or not forecast.limit or not models:
        return None
    batch, own = forecast.present, models[0]
    if not 1 <= batch <= _FEW or own.activations <= own.training:
        return None
    if forecast.peak(1).low - forecast.mapped <= forecast.limit:
        return None
    worst = max(own.layers, key=lambda layer: layer.kept, default=None)
    if worst is None or worst.kept < _LEAST_SHARE * own.activations:
        return None
    return OneSample(worst, worst.kept // batch, batch)
