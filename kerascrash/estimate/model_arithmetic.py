"""
What a recorded model needs: weights, gradients, optimizer slots, activations.

First arithmetic: activations are the outputs of all layers, kept once for the backward
pass. Workspaces, temporaries of the backward pass and fused kernels are not counted, so
the sum is a lower bound as a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.dtypes import dtype_size, elements
from kerascrash.estimate.places import read_place
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_SLOTS = {
    "sgd": 0, "adam": 2, "adamw": 2, "nadam": 2, "adamax": 2, "rmsprop": 1,
    "adagrad": 1, "adadelta": 2, "ftrl": 2, "lion": 1, "lamb": 2, "adafactor": 1,
    "muon": 2,
}  # fmt: skip
"""Full-size slot variables per trainable weight with Keras' default arguments."""


@dataclass(frozen=True, slots=True)
class LayerBytes:
    """One layer; ``output_bytes`` for the batch the model was sized for."""

    name: str
    type: str
    parameters: int
    weights: int
    output_bytes: int
    output_shape: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ModelBytes:
    """One model in bytes; ``slots_known_by`` is ``measured`` or ``computed``."""

    name: str
    type: str
    parameters: int
    weights: int
    gradients: int
    slots: int
    slots_known_by: str
    activations: int
    batch_size: int
    layers: tuple[LayerBytes, ...]
    optimizer: str
    place: Place | None

    @property
    def training(self) -> int:
        """What training needs whatever the batch: weights, gradients, slots."""
        return self.weights + self.gradients + self.slots


def _layer(raw: Mapping[str, Any], batch: int) -> LayerBytes:
    shape = raw.get("output_shape") or ()
    size = dtype_size(raw.get("dtype"))
    parameters = int(raw.get("parameters") or 0)
    return LayerBytes(
        name=str(raw.get("name") or "?"),
        type=str(raw.get("class") or "layer"),
        parameters=parameters,
        weights=int(raw.get("weights_bytes") or parameters * size),
        output_bytes=elements(shape, batch) * size,
        output_shape=tuple(shape) if isinstance(shape, (list, tuple)) else (),
    )


def _slots(raw: Mapping[str, Any], trainable_bytes: int) -> tuple[int, str]:
    """Return (bytes, how known): the optimizer's own once built, else by class."""
    optimizer = raw.get("optimizer")
    if not isinstance(optimizer, Mapping):
        return 0, "computed"
    measured = optimizer.get("bytes")
    expected = (
        _SLOTS.get(str(optimizer.get("class") or "").lower(), 1) * trainable_bytes
    )
    # An optimizer that is not built yet has a counter and a learning rate, no slots.
    if isinstance(measured, int) and measured * 2 >= expected:
        return measured, "measured"
    return expected, "computed"


def _model(raw: Mapping[str, Any], batch: int) -> ModelBytes:
    layers = tuple(_layer(one, batch) for one in raw.get("layers") or ())
    parameters = int(raw.get("parameters") or 0) or sum(
        one.parameters for one in layers
    )
    trainable = raw.get("trainable_parameters")
    weights = int(raw.get("weights_bytes") or 0) or sum(one.weights for one in layers)
    share = trainable / parameters if isinstance(trainable, int) and parameters else 1.0
    trainable_bytes = int(weights * share)
    optimizer = raw.get("optimizer") or {}
    slots, how = _slots(raw, trainable_bytes)
    return ModelBytes(
        name=str(raw.get("name") or "model"),
        type=str(raw.get("class") or "Model"),
        parameters=parameters,
        weights=weights,
        gradients=trainable_bytes if optimizer else 0,
        slots=slots,
        slots_known_by=how,
        activations=sum(one.output_bytes for one in layers),
        batch_size=batch,
        layers=layers,
        optimizer=str(optimizer.get("class") or ""),
        place=read_place(raw.get("place")),
    )


def batch_size_of(recording: Recording) -> int | None:
    """Return the batch size in force at the end: progress, else the last batch seen."""
    told = recording.progress.get("batch_size")
    if isinstance(told, int) and told > 0:
        return told
    for mark in reversed(recording.marks):
        size = mark.data.get("batch_size") if mark.kind == "batch" else None
        if isinstance(size, int) and size > 0:
            return size
    for batch in reversed(recording.models.get("batches") or []):
        size = batch.get("batch_size")
        if isinstance(size, int) and size > 0:
            return size
    return None


def models_of(recording: Recording | None) -> tuple[ModelBytes, ...]:
    """Return every recorded model, the one with most weights and activations first."""
    if recording is None:
        return ()
    batch = batch_size_of(recording) or 1
    rows = recording.models.get("models") or ()
    models = [_model(raw, batch) for raw in rows if isinstance(raw, Mapping)]
    return tuple(sorted(models, key=lambda m: -(m.training + m.activations)))
