"""
The peak of one training step as a function of its batch, from the model alone.

The backward pass frees what was kept and makes gradients: the peak is where the sum of
both and of the scratch in use is largest. An input pipeline holds batches besides.

A tensor of 32 MiB and more is mapped and given back as a whole. Smaller ones come out
of the arenas that glibc's malloc keeps per thread; what they leave there is not given
back and fits the next tensor badly, so that they take about twice their size
(measured; ``DEFAULT_MMAP_THRESHOLD_MAX`` of glibc on 64 bits).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.dtypes import dtype_size, elements
from kerascrash.estimate.model_arithmetic import (
    ModelBytes,
    batch_size_of,
    models_of,
)
from kerascrash.model.case import Recording

BATCH_COPIES = 3
"""Batches alive at once: being gathered, prefetched, in the step."""


MAPPED_FROM = 32 << 20
MAPPED_SHARE = 0.4
"""What a mapped tensor counts beside one of an arena."""


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One sample's bytes: kept, scratch, and the largest single tensor."""

    kept: float
    scratch: float
    tensor: float


@dataclass(frozen=True, slots=True)
class StepCost:
    """
    ``inputs`` are one sample's bytes; ``update`` what the optimizer's largest update
    needs once the backward pass is over; ``fixed`` is there whatever the batch.
    """

    layers: tuple[LayerCost, ...]
    inputs: float
    update: int = 0
    fixed: int = 0

    def growing(self, batch: float) -> float:
        """Return what a step needs beyond ``fixed``, as bytes of an arena."""
        kept = peak = 0.0
        for layer in self.layers:
            share = _share(layer.tensor * batch)
            kept += share * layer.kept * batch
            peak = max(peak, kept + share * layer.scratch * batch)
        return max(peak, self.update) + BATCH_COPIES * self.inputs * batch


def _share(tensor: float) -> float:
    """Return what a tensor counts; the sum must not fall as the batch grows."""
    return max(MAPPED_SHARE, min(MAPPED_FROM / tensor, 1.0)) if tensor > 0 else 1.0


def own_model(recording: Recording, batch: int | None = None) -> ModelBytes | None:
    """Return the model that was trained: the one with an optimizer that needs most."""
    models = models_of(recording, batch)
    trained = [one for one in models if one.optimizer]
    return next(iter(trained or models), None)


def step_cost(recording: Recording, batch: int) -> StepCost | None:
    """Return what steps need, None without a model or its shapes."""
    model = own_model(recording, batch)
    if model is None or not model.activations:
        return None
    layers = tuple(
        LayerCost(one.kept / batch, one.scratch / batch, one.output_bytes / batch)
        for one in model.layers
    )
    inputs = input_bytes(recording, batch) / batch
    return StepCost(layers, inputs, model.update, model.gradients + model.casts)


def input_bytes(recording: Recording, batch: int) -> int:
    """Return the bytes of one batch of inputs and targets, 0 where not recorded."""
    present = batch_size_of(recording) or 0
    rows = recording.models.get("batches") or ()
    sizes = [_batch_bytes(row) for row in rows if row.get("batch_size") == present]
    if not present or not sizes:
        return 0
    return max(sizes) * batch // present


def _batch_bytes(row: Mapping[str, Any]) -> int:
    size = row.get("batch_size")
    return sum(
        elements(part[1], size if isinstance(size, int) else 1)
        * dtype_size(_text(part))
        for part in row.get("shapes") or ()
        if isinstance(part, (list, tuple)) and len(part) >= 3
    )


def _text(part: Any) -> str | None:
    return part[2] if isinstance(part[2], str) else None


def execution_mode(recording: Recording) -> str:
    """Return how the step is executed: ``eager``, ``xla`` or ``graph``."""
    rows = recording.models.get("models") or ()
    trained = [row for row in rows if isinstance(row, Mapping) and row.get("optimizer")]
    for row in trained:
        if row.get("run_eagerly") is True:
            return "eager"
        if row.get("jit_compile") is True:
            return "xla"
    return "graph"
