"""
How many weights a layer will have that is not built yet.

Subclassed models are built by their first step; where that one died, layers tell their
settings and no weights. Source: the ``build`` of the layers of Keras 3. Layers of other
classes have none, or few beside the matrices of these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kerascrash.estimate.layer_outputs import Shape, spread, whole

_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def weights_to_come(kind: str, settings: Mapping[str, Any], given: Shape) -> int:
    """Return the number of weights of a layer for one sample's input, 0 for none."""
    taken = given[-1] if given else 1
    units = whole(settings.get("units"))
    if kind in _GATES and units:
        return _GATES[kind] * units * (taken + units + 1)
    if kind == "Embedding":
        return whole(settings.get("input_dim")) * whole(settings.get("output_dim"))
    if kind == "MultiHeadAttention":
        return _attention(settings, taken)
    if kind.endswith("Normalization"):
        return (4 if kind.startswith("Batch") else 2) * taken
    filters = whole(settings.get("filters"))
    if "Conv" in kind and filters and len(given) > 1:
        if settings.get("data_format") == "channels_first":
            taken = given[0]
        window = math.prod(spread(settings.get("kernel_size") or 1, len(given) - 1))
        if kind.startswith("Separable"):
            return window * taken + taken * filters + filters
        groups = whole(settings.get("groups")) or 1
        return window * taken // groups * filters + filters
    return (taken + 1) * units if kind == "Dense" else 0


def _attention(settings: Mapping[str, Any], width: int) -> int:
    heads, key = whole(settings.get("num_heads")), whole(settings.get("key_dim"))
    value = whole(settings.get("value_dim")) or key
    return heads * (2 * key + 2 * value) * (width + 1)
