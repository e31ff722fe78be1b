"""What a failed request was for: a model's step, weights, or one operation alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.device_memory import Pool
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.traceback_text import makes_weights, runs_a_model
from kerascrash.model.case import Case

_LARGE_DIMENSION = 1024
_TELLING = 3  # parts of a path
_MAKERS = re.compile(r"^(?:Stateless)?(?:Random|Truncated|ParameterizedTruncated)\w*$")


@dataclass(frozen=True, slots=True)
class Request:
    """
    The request: where it came from, and its size against the pool's limit.

    ``in_model`` is True within a model's step, ``for_weights`` while variables are
    made, ``pairs`` when its shape pairs everything with everything, ``has_batch`` when
    its first dimension is the batch.
    """

    bytes: int
    share: float | None
    in_model: bool
    for_weights: bool
    pairs: bool
    has_batch: bool


def request_of(case: Case, pool: Pool) -> Request | None:
    """Return what the pool's failed request was for, None when none is known."""
    asked = pool.request
    if asked is None or asked.requested_bytes is None:
        return None
    shape = dimensions(asked.shape)
    # Nodes of a graph have a path, ops run eagerly a bare name.
    graph = "/" in asked.op
    weights = makes_weights(case) and (not graph or bool(_MAKERS.match(asked.op)))
    large = [n for n in shape if n >= _LARGE_DIMENSION]
    recording = recording_of(case)
    batch = batch_size_of(recording) if recording else None
    return Request(
        bytes=asked.requested_bytes,
        share=asked.requested_bytes / pool.limit if pool.limit else None,
        in_model=(graph or runs_a_model(case)) and not weights,
        for_weights=weights,
        pairs=len(large) > len(set(large)),
        has_batch=bool(batch and shape and shape[0] == batch),
    )


def dimensions(shape: str) -> tuple[int, ...]:
    """Return the numbers of ``[4,16,384]``."""
    return tuple(int(n[:18]) for n in re.findall(r"\d+", shape))


def short_op(op: str) -> str:
    """Return the end of a node's path that tells the layer: ``…/conv2d_1/Relu``."""
    parts = op.removeprefix("StatefulPartitionedCall/").split("/")
    kept = "/".join(parts[-_TELLING:])
    return kept if len(parts) <= _TELLING else f"…/{kept}"
