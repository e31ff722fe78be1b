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

_GATES = {"LSTM": (4, 1), "GRU": (3, 2), "SimpleRNN": (1, 1)}
"""Gates, and biases of each."""
_PER_CHANNEL = {"BatchNormalization": 4, "RMSNormalization": 1, "UnitNormalization": 0}


def weights_to_come(kind: str, settings: Mapping[str, Any], given: Shape) -> int:
    """Return the number of weights of a layer for one sample's input, 0 for none."""
    taken = given[-1] if given else 1
    units = whole(settings.get("units"))
    if kind in _GATES and units:
        gates, biases = _GATES[kind]
        return gates * units * (taken + units + biases)
    if kind in ("Embedding", "ReversibleEmbedding"):
        return whole(settings.get("input_dim")) * whole(settings.get("output_dim"))
    if kind == "MultiHeadAttention":
        heads, key = whole(settings.get("num_heads")), whole(settings.get("key_dim"))
        value = whole(settings.get("value_dim")) or key
        return heads * ((2 * key + value) * (taken + 1) + value * taken) + taken
    if kind.endswith("Normalization"):
        return _PER_CHANNEL.get(kind, 2) * taken
    if "Conv" in kind and len(given) > 1:
        return _convolution(kind, settings, given)
    return (taken + 1) * units if kind == "Dense" else 0


def _convolution(kind: str, settings: Mapping[str, Any], given: Shape) -> int:
    first = settings.get("data_format") == "channels_first"
    frame = given[1:] if kind.startswith("ConvLSTM") else given
    taken = frame[0] if first else frame[-1]
    window = math.prod(spread(settings.get("kernel_size") or 1, len(frame) - 1))
    deep = taken * (whole(settings.get("depth_multiplier")) or 1)
    if kind.startswith("Depthwise"):
        return (window + 1) * deep
    filters = whole(settings.get("filters"))
    if kind.startswith("Separable"):
        return window * deep + (deep + 1) * filters
    if kind.startswith("ConvLSTM"):
        return 4 * filters * (window * (taken + filters) + 1)
    groups = whole(settings.get("groups")) or 1
    return (window * taken // groups + 1) * filters
