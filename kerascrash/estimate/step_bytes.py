"""
The peak of one training step as a function of its batch, from the model alone.

The backward pass frees what was kept and makes gradients, from the last layer on: the
peak is where the sum of both and of the scratch in use is largest, or in the update
that all gradients wait for. An input pipeline holds batches besides.

A tensor of 32 MiB and more is mapped and given back as a whole. Smaller ones come out
of the arenas that glibc's malloc keeps per thread; what is freed there stays with that
arena, and the next step may take as much from another one. So a process holds 1.4 to
3.4 times what is alive at once (measured; the factor belongs to the model and changes
little with the batch; ``DEFAULT_MMAP_THRESHOLD_MAX`` of glibc on 64 bits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.dtypes import dtype_size, elements
from kerascrash.estimate.model_arithmetic import (
    ModelBytes,
    batch_size_of,
    models_of,
)
from kerascrash.estimate.workspaces import kernel_workspaces, last_cache
from kerascrash.model.case import Recording

BATCH_COPIES = 4
"""Batches alive at once: being gathered, prefetched twice, in the step."""
_ROWS = 2
"""Of the rows a batch looked up: their gradients, and those squared or scaled."""
MAPPED_FROM = 32 << 20
"""Bytes from which on a tensor does not come out of an arena."""


@dataclass(frozen=True, slots=True)
class LayerCost:
    """
    One sample's bytes: kept, scratch, and the largest single tensor.

    ``gradient`` is that of the weights, ``workspace`` what kernels need while it is
    computed, whatever the batch; ``passed`` the part of what is kept that is gone once
    the layer's own gradient is due; ``behind`` what the layer behind still holds;
    ``update`` temporaries of the updates that may be under way.
    """

    kept: float
    scratch: float
    tensor: float
    gradient: int = 0
    workspace: int = 0
    passed: float = 0.0
    behind: float = 0.0
    update: int = 0


@dataclass(frozen=True, slots=True)
class StepCost:
    """
    ``inputs`` are one sample's bytes; ``update`` what the optimizer's largest update
    needs beside the gradients once the backward pass is over, ``rows`` what it needs
    besides of the rows that a batch looked up in tables; ``casts`` are copies of
    the weights in another dtype.
    """

    layers: tuple[LayerCost, ...]
    inputs: float
    update: int = 0
    casts: int = 0
    rows: float = 0.0

    def live(self, batch: float) -> float:
        """Return what a step has alive at once beside weights and slots, in bytes."""
        return self._peak(batch)[0]

    def arena(self, batch: float) -> float:
        """Return how much of that comes out of arenas."""
        return self._peak(batch)[1]

    def _peak(self, batch: float) -> tuple[float, float]:
        """Return (all, of arenas) at the moment when all of it is largest."""
        weights = [layer.gradient for layer in self.layers]
        waiting, small = sum(weights), sum(map(_pooled, weights))
        kept, pooled = float(self.casts), float(self.casts)
        rows, updated = self.rows * batch, max(weights, default=0)
        part = _pooled(updated) / updated if updated else 1.0
        peak = (
            waiting + self.update + rows,
            small + part * self.update + _ROWS * _pooled(rows / _ROWS),
        )
        for layer in self.layers:
            share = float(layer.tensor * batch < MAPPED_FROM)
            kept += layer.kept * batch
            pooled += share * layer.kept * batch
            scratch = (layer.scratch + layer.behind - layer.passed) * batch
            beside = layer.workspace + scratch + layer.update
            again = layer.workspace + share * scratch + part * layer.update
            peak = max(peak, (kept + beside + waiting, pooled + again + small))
            waiting -= layer.gradient
            small -= _pooled(layer.gradient)
        given = self.inputs * batch
        copies = BATCH_COPIES * given
        return peak[0] + copies, peak[1] + BATCH_COPIES * _pooled(given)


def _pooled(tensor: float) -> float:
    """Return what of a tensor comes out of arenas: all of it or nothing."""
    return tensor if tensor < MAPPED_FROM else 0.0


def own_model(recording: Recording, batch: int | None = None) -> ModelBytes | None:
    """Return the model that was trained: the one with an optimizer that needs most."""
    return trained_of(models_of(recording, batch))


def trained_of(models: Sequence[ModelBytes]) -> ModelBytes | None:
    """Return the model that was trained of those recorded, None for none."""
    trained = [one for one in models if one.optimizer]
    return next(iter(trained or models), None)


def step_cost(recording: Recording, batch: int) -> StepCost | None:
    """Return what steps need, None without a model or its shapes."""
    model = own_model(recording, batch)
    if model is None or not model.activations:
        return None
    mode, cache = execution_mode(recording), last_cache(recording)
    workspaces = kernel_workspaces(model.layers, mode, cache)
    tables = sum(one.output_bytes for one in model.layers if "Embedding" in one.type)
    return StepCost(
        _layer_costs(model, workspaces, overlaps=mode == "graph"),
        inputs=input_bytes(recording, batch) / batch,
        update=model.update,
        casts=model.casts,
        rows=_ROWS * tables / batch if model.gradients else 0.0,
    )


def _layer_costs(
    model: ModelBytes, workspaces: Sequence[int], *, overlaps: bool
) -> tuple[LayerCost, ...]:
    """
    Return the layers' costs for one sample.

    ``overlaps``: ops run as soon as they can, so that the update of a layer and the
    gradient of its filter go on while the one before is at work.
    """
    batch, costs = model.batch_size, list[LayerCost]()
    largest, behind, heaviest = 0, 0, max(_gradients_of(model), default=0)
    rows = zip(model.layers, workspaces, _gradients_of(model), strict=True)
    for one, workspace, gradient in reversed([*rows]):
        costs.append(
            LayerCost(
                one.kept / batch, one.scratch / batch, one.output_bytes / batch,
                gradient, workspace, one.passed / batch,
                behind=behind / batch if workspace and overlaps else 0.0,
                update=model.update * largest // max(heaviest, 1) if overlaps else 0,
            )
        )  # fmt: skip
        largest = max(largest, gradient)
        behind = one.output_bytes if workspace else behind
    return tuple(reversed(costs))


def _gradients_of(model: ModelBytes) -> list[int]:
    return [
        one.weights if one.trainable and model.gradients else 0 for one in model.layers
    ]


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
