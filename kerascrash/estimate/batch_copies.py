"""
How many batches of a training are in memory at the peak of a step.

Counted on whole processes whose inputs were large and their model small, the rise of
resident memory against the size of the batch: a graph that is fed by a ``Dataset`` of
slices of one array 1.0; with ``prefetch(2)`` 2.3, ``prefetch(AUTOTUNE)`` 1.5; arrays
given to ``fit`` (Keras prefetches those) 3.3; eager steps 2.9. Elements that are no
slices, as those that a ``map`` made, are there beside the batch that they are gathered
into, and too small for their memory to go back.
"""

from __future__ import annotations

from collections.abc import Mapping

from kerascrash.estimate.pipelines import pipeline_ops
from kerascrash.model.case import Recording

MOST_COPIES = 4
"""Being gathered, prefetched twice, in the step."""
_LEAST_COPIES = 2
"""In the step, and the elements it was gathered from."""
_AUTOTUNED = 1
"""Batches that a prefetch holds which chooses its own size."""


def batch_copies(recording: Recording, mode: str) -> int:
    """Return the batches in memory at once; ``mode`` is how steps are executed."""
    chains = [ops for ops in pipeline_ops(recording) if ops]
    if mode == "eager" or not chains or not is_given_a_dataset(recording):
        return MOST_COPIES
    # Of several pipelines, as one for validation, the one that holds most.
    waiting = max(
        sum(_prefetched(op.buffer) for op in ops if op.op == "prefetch")
        for ops in chains
    )
    return min(max(1 + waiting, _LEAST_COPIES), MOST_COPIES)


def _prefetched(buffer: int | None) -> int:
    return buffer if buffer is not None and buffer > 0 else _AUTOTUNED


def is_given_a_dataset(recording: Recording) -> bool:
    """Tell whether what was given to the training is a chain of ``tf.data``."""
    rows = recording.models.get("data") or ()
    types = [
        str(row.get("type") or "")
        for row in rows
        if isinstance(row, Mapping) and row.get("name") == "x"
    ]
    return bool(types) and all(
        name.startswith("tensorflow.") and name.endswith("Dataset") for name in types
    )
