"""
What a recorded model needs: weights, gradients, optimizer slots, activations.

Layers inside layers are counted, where a layer is more than what Keras itself ships;
a custom layer counts with the layers inside it and its recorded output. Weights are
kept as recorded; with a mixed policy, half-precision copies are made per step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kerascrash.estimate.dtypes import dtype_size
from kerascrash.estimate.layer_kinds import Footprint, footprint
from kerascrash.estimate.layer_shapes import (
    Basis,
    Shape,
    input_shape,
    output_shape,
    settings_of,
    whole,
)
from kerascrash.estimate.optimizer_slots import slots_per_weight, update_copies
from kerascrash.estimate.places import read_place
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_WHOLE_LAYERS = frozenset({
    "MultiHeadAttention", "GroupedQueryAttention", "LSTM", "GRU", "SimpleRNN", "RNN",
    "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
})  # fmt: skip
"""Keras' own layers of layers whose step is known as a whole."""
_DEEPEST = 8
_MOST_LAYERS = 5000


@dataclass(frozen=True, slots=True)
class LayerBytes:
    """
    One layer; sizes that grow with the batch are for the batch given.

    ``kept`` is what the step keeps of it for the backward pass, ``scratch`` what its
    gradient needs while it is computed; ``output_shape`` is one sample's.
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
    partial: bool = False
    """The weights made so far of a model that was still being built."""

    @property
    def training(self) -> int:
        """What training needs whatever the batch: weights, gradients, slots."""
        return self.weights + self.gradients + self.slots

    @property
    def workspace(self) -> int:
        """What the most demanding gradient needs beside what is kept."""
        return max((layer.scratch for layer in self.layers), default=0)


def _leaves(
    rows: object, prefix: str = "", depth: int = _DEEPEST
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the layers that compute, those inside a model or custom layer too."""
    if not isinstance(rows, (list, tuple)):
        return
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        name = f"{prefix}{row.get('name') or '?'}"
        inside = row.get("layers")
        kind = str(row.get("class") or "")
        if inside and depth and kind not in _WHOLE_LAYERS:
            yield from _leaves(inside, f"{name}/", depth - 1)
            if row.get("module") in ("keras", "tf_keras") or not row.get(
                "output_shape"
            ):
                continue
        yield name, row


def _layers(raw: Mapping[str, Any], batch: int, basis: Basis) -> tuple[LayerBytes, ...]:
    rows = list(islice(_leaves(raw.get("layers")), _MOST_LAYERS))
    parts: list[tuple[str, Mapping[str, Any], Shape, Footprint]] = []
    before: Shape | None = None
    for name, row in rows:
        given = input_shape(row, basis, before)
        made = output_shape(row, basis, given)
        own = footprint(str(row.get("class") or ""), settings_of(row), given, made)
        parts.append((name, row, made, own))
        before = made
    return tuple(
        _layer(
            *part, _follower([own for _, _, _, own in parts[at + 1 : at + 4]]), batch
        )
        for at, part in enumerate(parts)
    )


def _follower(later: Sequence[Footprint]) -> Footprint | None:
    """Return the next layer that reads what this one made: views are looked through."""
    return next((own for own in later if own.output), None)


def _layer(
    name: str,
    row: Mapping[str, Any],
    made: Shape,
    own: Footprint,
    follower: Footprint | None,
    batch: int,
) -> LayerBytes:
    dtype = row.get("dtype")
    size = dtype_size(dtype if isinstance(dtype, str) else None)
    parameters = whole(row.get("parameters"))
    needed = own.output_needed or follower is None or follower.input_needed
    kept = own.kept + (own.output if needed else 0)
    return LayerBytes(
        name=name,
        type=str(row.get("class") or "layer"),
        parameters=parameters,
        weights=whole(row.get("weights_bytes")) or parameters * size,
        output_bytes=own.output * size * batch,
        output_shape=made,
        kept=kept * size * batch,
        scratch=own.scratch * size * batch,
        trainable=row.get("trainable") is not False,
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
    parameters = int(raw.get("parameters") or 0) or sum(
        one.parameters for one in layers
    )
    trainable = raw.get("trainable_parameters")
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
        # Layers that are not built yet have no shapes, and no shape is not a small one.
        activations=0 if raw.get("built") is False else sum(one.kept for one in layers),
        batch_size=batch,
        layers=layers,
        optimizer=str(optimizer.get("class") or ""),
        place=read_place(raw.get("place")),
        update=update_copies(optimizer) * largest if optimizer else 0,
        partial=not raw.get("class") and raw.get("built") is False,
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


def basis_of(recording: Recording) -> Basis:
    """Return what the recorded shapes were made with."""
    length = 1
    for batch in reversed(recording.models.get("batches") or []):
        shapes = [row[1] for row in batch.get("shapes") or () if len(row) > 1]
        known = [shape[1] for shape in shapes if shape and len(shape) > 1]
        if known and isinstance(known[0], int):
            length = max(known[0], 1)
            break
    return Basis(batch_size_of(recording) or 1, length)


def models_of(
    recording: Recording | None, batch: int | None = None
) -> tuple[ModelBytes, ...]:
    """
    Return every recorded model, the one with most weights and activations first.

    Sized for ``batch``, by default the one in force at the end.
    """
    if recording is None:
        return ()
    basis = basis_of(recording)
    rows = recording.models.get("models") or ()
    models = [
        model_bytes(raw, batch or basis.batch, basis)
        for raw in rows
        if isinstance(raw, Mapping)
    ]
    return tuple(sorted(models, key=lambda m: -(m.training + m.activations)))
