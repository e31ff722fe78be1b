"""
What layers over sequences keep of a step: loops over time, and attention.

A loop keeps every step's gates and states; unrolled, without the copies that gather
and stack them. Attention keeps a score for each pair of positions and head, unless it
is computed by a fused kernel. Source: the graphs that TensorFlow makes of Keras 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerascrash.estimate.layer_outputs import Shape, whole

_GATES = {
    "LSTM": 7, "GRU": 6, "SimpleRNN": 1, "RNN": 1,
    "ConvLSTM1D": 7, "ConvLSTM2D": 7, "ConvLSTM3D": 7,
}  # fmt: skip
"""Tensors of a cell's size that one time step keeps."""
_ATTENTION = frozenset({
    "MultiHeadAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention",
})  # fmt: skip


def is_recurrent(kind: str) -> bool:
    """Tell a layer that runs a cell over time."""
    return kind in _GATES


def is_attention(kind: str) -> bool:
    """Tell a layer that scores pairs of positions."""
    return kind in _ATTENTION


def recurrent(
    kind: str, settings: Mapping[str, Any], given: Shape, made: int
) -> tuple[int, int]:
    """Return (kept, scratch) of a loop over time, in elements of one sample."""
    steps = given[0] if len(given) > 1 else 1
    if kind.startswith("Conv"):
        unit = made // steps if settings.get("return_sequences") else made
    else:
        unit = whole(settings.get("units")) or made
    taken = math.prod(given)
    if settings.get("unroll"):
        return _GATES[kind] * steps * unit, taken + 4 * unit + made
    # The input is copied step by step; the gates' gradients are put together.
    return _GATES[kind] * steps * unit + taken, taken + 16 * unit + made


def attention(
    kind: str, settings: Mapping[str, Any], parts: Sequence[Shape], made: int
) -> tuple[int, int]:
    """Return (kept, scratch): projections and scores of queries against values."""
    queries, width = _length(parts[0]), parts[0][-1]
    values = _length(parts[1]) if len(parts) > 1 else queries
    pairs = queries * values
    if kind == "Attention":
        return 2 * pairs, 2 * pairs + made
    if kind == "AdditiveAttention":  # adds each query to each value
        return pairs * (width + 1), pairs * width + made
    if kind == "GroupedQueryAttention":
        heads, size = _some(settings, "num_query_heads"), _some(settings, "head_dim")
        groups = _some(settings, "num_key_value_heads")
        kept = 2 * queries * heads * size + 2 * values * (heads + groups) * size
        scores = heads * pairs
        return kept + (0 if settings.get("flash") else 2 * scores), 2 * scores + made
    heads, key = _some(settings, "num_heads"), _some(settings, "key_dim")
    value = whole(settings.get("value_dim")) or key
    scores = 0 if settings.get("flash") else heads * pairs
    dropout = 1 if settings.get("dropout") else 0  # its result; the mask is bytes
    projections = heads * (queries * (key + value) + values * (key + value))
    return 2 * projections + (1 + dropout) * scores, 2 * scores + projections + made


def _length(part: Shape) -> int:
    return math.prod(part[:-1]) if len(part) > 1 else 1


def _some(settings: Mapping[str, Any], name: str) -> int:
    return whole(settings.get(name)) or 1
