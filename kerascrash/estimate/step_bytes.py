"""
The peak of one training step as a function of its batch, from the model alone.

The backward pass frees what was kept and makes gradients, from the last layer on: the
peak is where the sum of both and of the scratch in use is largest, or in the update
that all gradients wait for. An input pipeline holds batches besides.

A tensor of 32 MiB and more is mapped and given back as a whole. Smaller ones come out
of the arenas that glibc's malloc keeps per thread; what is freed there stays with that
arena, and the next step may take as much from another one. Which arena a tensor comes
from is chance, and each arena keeps the most that it ever had: what they keep beside
what is alive goes with how far a sum of tensors drifts by chance, the root of the sum
of their squares. So many small tensors cost less than a few large ones (measured: 2.6
to 6 times that root for 14 of 16 models, and 1.2 to 3 times what is alive;
``DEFAULT_MMAP_THRESHOLD_MAX`` of glibc on 64 bits). Workspaces come out of one arena
more than are in use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.batch_copies import MOST_COPIES, batch_copies
from kerascrash.estimate.dtypes import dtype_size, elements
from kerascrash.estimate.layer_sequences import is_recurrent
from kerascrash.estimate.model_arithmetic import (
    LayerBytes,
    ModelBytes,
    batch_size_of,
    models_of,
)
from kerascrash.estimate.workspaces import kernel_workspaces, last_cache
from kerascrash.model.case import Recording

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
    pieces: int = 1
    """That each tensor is made of: the steps of a loop, too small to be mapped."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """
    ``inputs`` are one sample's bytes, in ``copies`` batches at once; ``update`` is what
    the optimizer's largest update needs beside the gradients once the backward pass is
    over, ``rows`` those that one sample looked up in tables, of which it needs
    ``row_copies`` besides; ``casts`` are copies of the weights in another dtype.
    """

    layers: tuple[LayerCost, ...]
    inputs: float
    update: int = 0
    casts: int = 0
    rows: float = 0.0
    row_copies: int = _ROWS
    copies: int = MOST_COPIES

    def live(self, batch: float) -> float:
        """Return what a step has alive at once beside weights and slots, in bytes."""
        return self._peak(batch)[0]

    def taken(self, batch: float, again: float) -> float:
        """Return what it takes where arenas keep ``again`` times the drift."""
        live, workspace, _ = self._peak(batch)
        return live + workspace + again * self.drift(batch)

    def drift(self, batch: float) -> float:
        """Return by how much tensors may add up otherwise in each arena, in bytes."""
        return math.sqrt(self._peak(batch)[2])

    def _peak(self, batch: float) -> tuple[float, float, float]:
        """Return (all, workspace, squares of tensors of arenas) when most is alive."""
        weights = [layer.gradient for layer in self.layers]
        largest = max(weights, default=0)
        waiting, squares = float(sum(weights)), sum(_square(size) for size in weights)
        kept, stored = float(self.casts), 0.0
        rows = self.rows * batch
        peak = (
            waiting + self.update + self.row_copies * rows,
            0.0,
            squares + _squares(self.update, largest) + self.row_copies * _square(rows),
        )
        for layer in self.layers:
            tensor = layer.tensor * batch
            kept += layer.kept * batch
            stored += _squares(layer.kept * batch, tensor, layer.pieces)
            scratch = (layer.scratch + layer.behind - layer.passed) * batch
            beside = layer.workspace + scratch + layer.update + waiting
            more = _squares(scratch, tensor, layer.pieces) + squares
            more += _squares(layer.update, largest)
            peak = max(peak, (kept + beside, layer.workspace, stored + more))
            waiting -= layer.gradient
            squares -= _square(layer.gradient)
        given = self.inputs * batch
        alive, workspace, spread = peak
        return (alive + self.copies * given, workspace,
                spread + self.copies * _square(given))  # fmt: skip


def _square(tensor: float) -> float:
    """Return the square of a tensor's bytes, 0 of one that is no arena's."""
    return tensor**2 if tensor < MAPPED_FROM else 0.0


def _squares(total: float, tensor: float, pieces: int = 1) -> float:
    """Return the sum of the squares of tensors of one size that make up ``total``."""
    return total * tensor if tensor < pieces * MAPPED_FROM else 0.0


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
    tables = [one for one in model.layers if "Embedding" in one.type]
    # Of a graph they are updated while the gradient behind still reads what was kept.
    reads = mode == "graph" and any(one.kept for one in tables)
    return StepCost(
        _layer_costs(model, workspaces, overlaps=mode == "graph"),
        inputs=input_bytes(recording, batch) / batch,
        update=model.update,
        casts=model.casts,
        rows=sum(one.output_bytes for one in tables) / batch
        if model.gradients
        else 0.0,
        row_copies=_ROWS + reads,
        copies=batch_copies(recording, mode),
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
                pieces=_pieces(one),
            )
        )  # fmt: skip
        largest = max(largest, gradient)
        behind = one.output_bytes if workspace else behind
    return tuple(reversed(costs))


def _pieces(layer: LayerBytes) -> int:
    """Return the time steps of a sequence that a loop makes one by one."""
    steps = layer.output_shape[0] if len(layer.output_shape) > 1 else 1
    return max(steps, 1) if is_recurrent(layer.type) and isinstance(steps, int) else 1


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
