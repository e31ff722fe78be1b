"""
The peak of one training step as a function of its batch, from the model alone.

The backward pass frees what was kept and makes gradients: the peak is where the sum of
both and of the scratch in use is largest. An input pipeline holds batches besides.
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


@dataclass(frozen=True, slots=True)
class StepBytes:
    """``growing`` is in proportion to the batch, ``fixed`` is not."""

    growing: int
    fixed: int


def own_model(recording: Recording, batch: int | None = None) -> ModelBytes | None:
    """Return the model that was trained: the one with an optimizer that needs most."""
    models = models_of(recording, batch)
    trained = [one for one in models if one.optimizer]
    return next(iter(trained or models), None)


def step_bytes(recording: Recording, batch: int) -> StepBytes | None:
    """Return what a step of that batch needs, None without a model or its shapes."""
    model = own_model(recording, batch)
    if model is None or not model.activations:
        return None
    growing = _backward_peak(model) + BATCH_COPIES * input_bytes(recording, batch)
    return StepBytes(growing, model.gradients + model.update)


def _backward_peak(model: ModelBytes) -> int:
    """Return the largest sum of what is kept and the scratch of its last layer."""
    kept = peak = 0
    for layer in model.layers:
        kept += layer.kept
        peak = max(peak, kept + layer.scratch)
    return peak


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
