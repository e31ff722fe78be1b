"""
What a recorded model needs: weights, gradients, optimizer slots, activations.

Weights are as recorded; with a mixed policy these are the full-precision masters, and
a step makes half-precision copies of them (``casts``). What comes before the first
layer that learns keeps nothing: no gradient goes back that far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.dtypes import dtype_size
from kerascrash.estimate.layer_outputs import whole
from kerascrash.estimate.layer_parts import LayerPart, layer_parts
from kerascrash.estimate.layer_readers import UNKNOWN, readers_of
from kerascrash.estimate.layer_shapes import (
    Basis,
    has_activation,
    is_keras_own,
    per_sample,
)
from kerascrash.estimate.memo import once
from kerascrash.estimate.operations import with_operations
from kerascrash.estimate.optimizer_slots import (
    extra_slots,
    slots_per_weight,
    update_copies,
)
from kerascrash.estimate.places import read_place
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_KERAS_MODELS = frozenset({None, "Functional", "Sequential", "Model"})


@dataclass(frozen=True, slots=True)
class LayerBytes:
    """
    One layer; sizes that grow with the batch are for the batch given.

    ``kept`` is what the step keeps of it for the backward pass, ``passed`` the part
    that is gone once its own gradient is due, ``scratch`` what that one
    needs while it is computed, ``casts`` the copies of its weights in the
    format it computes in; ``output_shape`` is one sample's. ``activated``: it ends in
    an activation function. ``operation``: it is none of Keras' layers, but a node of
    the graph between them.
    """

    name: str
    type: str
    parameters: int
    weights: int
    output_bytes: int
    output_shape: tuple[Any, ...]
    kept: int = 0
    scratch: int = 0
    trainable: bool = True
    casts: int = 0
    activated: bool = False
    passed: int = 0
    operation: bool = False


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
    update: int = 0
    casts: int = 0
    extra_slots: tuple[str, ...] = ()
    partial: bool = False
    """The weights made so far of a model that was still being built."""
    built: bool = True
    """Else its layers' weights and shapes follow from their settings and the data."""
    own_code: bool = False
    """It, or a layer of it, computes what no layer of Keras tells."""

    @property
    def training(self) -> int:
        """What training needs whatever the batch: weights, gradients, slots."""
        return self.weights + self.gradients + self.slots

    @property
    def workspace(self) -> int:
        """What the most demanding gradient needs beside what is kept."""
        return max((layer.scratch for layer in self.layers), default=0)


def _layers(raw: Mapping[str, Any], batch: int, basis: Basis) -> tuple[LayerBytes, ...]:
    built = raw.get("built") is not False
    eager = raw.get("run_eagerly") is True
    graph = raw.get("config") or raw.get("graph")
    rows = with_operations(raw.get("layers"), graph)
    parts = tuple(layer_parts(rows, basis, built=built, eager=eager))
    # Weights may be the model's own, of no layer.
    none = 0 if raw.get("trainable_parameters") else len(parts)
    first = next((at for at, one in enumerate(parts) if one.learns), none)
    readers = readers_of([one.name for one in parts], graph)
    return tuple(
        _layer(one, None if at < first else _is_read(parts, readers, at), batch)
        for at, one in enumerate(parts)
    )


def _is_read(
    parts: Sequence[LayerPart], readers: Sequence[Sequence[int]], at: int
) -> bool:
    """Tell whether the gradient of a reader needs it: views are looked through."""
    seen, left = {at}, [at]
    while left:
        one = left.pop()
        for reader in readers[one]:
            if reader == UNKNOWN or parts[reader].own.input_needed:
                return True
            if not parts[reader].own.output and reader not in seen:
                seen.add(reader)
                left.append(reader)
        if not readers[one]:  # the loss reads it
            return True
    return False


def _layer(one: LayerPart, read: bool | None, batch: int) -> LayerBytes:
    """
    Return a layer in bytes.

    ``read``: a gradient behind it needs its output; None: none comes back to it.
    """
    row, own = one.row, one.own
    dtype = row.get("dtype")
    size = dtype_size(dtype if isinstance(dtype, str) else None)
    parameters = one.parameters
    kept = 0
    if read is not None:
        kept = own.kept + (own.output if own.output_needed or read else 0)
    weights = whole(row.get("weights_bytes")) or parameters * size
    return LayerBytes(
        name=one.name,
        type=str(row.get("class") or "layer"),
        parameters=parameters,
        weights=weights if one.counts else 0,
        output_bytes=own.output * size * batch,
        output_shape=one.made,
        kept=kept * size * batch,
        passed=(kept - own.kept if not own.output_needed and kept else 0)
        * size
        * batch,
        scratch=own.scratch * size * batch,
        trainable=row.get("trainable") is not False,
        activated=has_activation(row),
        operation=row.get("operation") is True,
        casts=parameters * size if 0 < parameters * size < weights else 0,
    )


def _slots(raw: Mapping[str, Any], trainable_bytes: int) -> tuple[int, str]:
    """Return (bytes, how known): the optimizer's own once built, else by class."""
    optimizer = raw.get("optimizer")
    if not isinstance(optimizer, Mapping):
        return 0, "computed"
    measured = optimizer.get("bytes")
    expected = slots_per_weight(optimizer) * trainable_bytes
    # An optimizer that is not built yet has a counter and a learning rate, no slots.
    if isinstance(measured, int) and measured * 2 >= expected:
        return measured, "measured"
    return expected, "computed"


def model_bytes(raw: Mapping[str, Any], batch: int, basis: Basis) -> ModelBytes:
    """Return one recorded model in bytes for a batch."""
    layers = _layers(raw, batch, basis)
    counted = int(raw.get("parameters") or 0)
    parameters = counted or sum(one.parameters for one in layers)
    # None counted: none are made yet, and all may be trained.
    trainable = raw.get("trainable_parameters") if counted else None
    weights = int(raw.get("weights_bytes") or 0) or sum(one.weights for one in layers)
    share = trainable / parameters if isinstance(trainable, int) and parameters else 1.0
    trainable_bytes = int(weights * share)
    optimizer = raw.get("optimizer") or {}
    slots, how = _slots(raw, trainable_bytes)
    largest = max((one.weights for one in layers if one.trainable), default=0)
    return ModelBytes(
        name=str(raw.get("name") or "model"),
        type=str(raw.get("class") or "Model"),
        parameters=parameters,
        weights=weights,
        gradients=trainable_bytes if optimizer else 0,
        slots=slots,
        slots_known_by=how,
        activations=sum(one.kept for one in layers) if _sized(raw, basis) else 0,
        batch_size=batch,
        layers=layers,
        optimizer=str(optimizer.get("class") or ""),
        place=read_place(raw.get("place")),
        update=update_copies(optimizer) * largest if optimizer else 0,
        casts=sum(layer.casts for layer in layers),
        extra_slots=extra_slots(optimizer) if optimizer else (),
        partial=not raw.get("class") and raw.get("built") is False,
        built=raw.get("built") is not False,
        own_code=raw.get("class") not in _KERAS_MODELS or _has_own(raw.get("layers")),
    )


def _has_own(rows: object) -> bool:
    """Tell whether a layer, or one inside it, is known not to be Keras' own."""
    listed = rows if isinstance(rows, (list, tuple)) else ()
    return any(
        (row.get("module") and not is_keras_own(row)) or _has_own(row.get("layers"))
        for row in listed
        if isinstance(row, Mapping)
    )


def _sized(raw: Mapping[str, Any], basis: Basis) -> bool:
    """
    Tell whether the layers have shapes: no shape is not a small one.

    Those of a model that is not built follow from the data, if what it is is known.
    """
    return raw.get("built") is not False or bool(raw.get("class") and basis.given)


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


def basis_of(recording: Recording) -> Basis:
    """Return what the recorded shapes were made with."""
    length, given = 1, None
    batch = batch_size_of(recording) or 1
    for told in reversed(recording.models.get("batches") or []):
        rows = [row for row in told.get("shapes") or () if len(row) > 1]
        known = [row[1][1] for row in rows if row[1] and len(row[1]) > 1]
        inputs = [row[1] for row in rows if str(row[0]) == "x"]
        if given is None and len(inputs) == 1:
            given = per_sample(inputs[0], Basis(batch))
        if known and isinstance(known[0], int):
            length = max(known[0], 1)
            break
    return Basis(batch, length, given)


def models_of(
    recording: Recording | None, batch: int | None = None
) -> tuple[ModelBytes, ...]:
    """
    Return every recorded model, the one with most weights and activations first.

    Sized for ``batch``, by default the one in force at the end.
    """
    if recording is None:
        return ()
    now = _models_at_the_end(recording)
    if batch is None or all(one.batch_size == batch for one in now):
        return now
    return _models_at(recording, batch, basis_of(recording))


@once
def _models_at_the_end(recording: Recording) -> tuple[ModelBytes, ...]:
    basis = basis_of(recording)
    return _models_at(recording, basis.batch, basis)


def _models_at(
    recording: Recording, batch: int, basis: Basis
) -> tuple[ModelBytes, ...]:
    rows = recording.models.get("models") or ()
    models = [
        model_bytes(raw, batch, basis) for raw in rows if isinstance(raw, Mapping)
    ]
    return tuple(sorted(models, key=lambda m: -(m.training + m.activations)))
