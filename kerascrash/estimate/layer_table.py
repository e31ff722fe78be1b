"""The table of layers: what each one costs at the batch that died; who dominates."""

from __future__ import annotations

from kerascrash.estimate.model_arithmetic import LayerBytes, ModelBytes
from kerascrash.estimate.step_bytes import own_model
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import LayerRow, LayerTable

_MOST_OF_ALL = 0.5
_LEAST_SHARE = 0.05
_MOST_DOMINATING = 5


def layer_table(case: Case) -> LayerTable | None:
    """Return the table of the model that was trained, None without its layers."""
    recording = recording_of(case)
    own = own_model(recording) if recording else None
    if own is None or not own.layers:
        return None
    sizes = [state_of(layer, own) for layer in own.layers]
    total = sum(sizes) + own.activations
    shares = [
        (size + layer.kept) / total if total else 0.0
        for size, layer in zip(sizes, own.layers, strict=True)
    ]
    heads = _dominating(shares)
    rows = tuple(
        LayerRow(
            name=layer.name,
            type=layer.type,
            output=layer.output_shape,
            parameters=layer.parameters,
            state=size,
            activations=layer.kept,
            share=share,
            trainable=layer.trainable,
            dominates=at in heads,
        )
        for at, (layer, size, share) in enumerate(
            zip(own.layers, sizes, shares, strict=True)
        )
    )
    return LayerTable(own.name, own.batch_size, sum(sizes), own.activations, rows)


def state_of(layer: LayerBytes, own: ModelBytes) -> int:
    """Return a layer's weights with gradients, slots and half copies, in bytes."""
    if not layer.trainable:
        return layer.weights + layer.casts
    copies = (own.gradients + own.slots) / own.gradients if own.gradients else 0.0
    return int(layer.weights * (1 + copies)) + layer.casts


def _dominating(shares: list[float]) -> set[int]:
    """Return the few that make up half of all; none where all are alike small."""
    found: set[int] = set()
    covered = 0.0
    ranked = sorted(range(len(shares)), key=lambda at: -shares[at])
    for at in ranked[:_MOST_DOMINATING]:
        if covered >= _MOST_OF_ALL or shares[at] < _LEAST_SHARE:
            break
        found.add(at)
        covered += shares[at]
    return found
