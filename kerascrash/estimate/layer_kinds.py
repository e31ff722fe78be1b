"""
What a training step keeps of a layer, by its kind: elements per sample.

``kept`` lives from the forward pass until the layer's gradient is computed; ``scratch``
only while it is. Whether a layer's output is kept is decided between two layers: who
needs its output (a relu, a softmax), or whose follower needs its input (a product, a
convolution). Element-wise ops write in place where nobody needs what they read. Source:
the gradient functions that TensorFlow registers for the ops Keras 3 uses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.layer_shapes import Shape

_ALIAS = frozenset({"Flatten", "Reshape", "InputLayer", "Identity"})
_PASSES = frozenset({
    "Add", "Subtract", "Average", "Concatenate", "Permute", "RepeatVector",
    "Cropping1D", "Cropping2D", "Cropping3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "Dropout", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise", "ReLU", "Softmax",
    "Rescaling", "Normalization", *_ALIAS,
})  # fmt: skip
"""Layers whose gradient does not need what they were given."""
_ACTIVATION_LAYERS = frozenset({"ReLU", "Softmax", "Activation", "ELU", "Swish"})
_OWN_OUTPUT = frozenset({
    "relu", "relu6", "tanh", "sigmoid", "softmax", "elu", "selu", "exponential",
})  # fmt: skip
_MORE_OF_ACTIVATION = {
    "gelu": 3, "silu": 1, "swish": 1, "mish": 3, "leaky_relu": 1, "softplus": 1,
    "softsign": 1, "hard_silu": 2, "hard_swish": 2, "hard_sigmoid": 1, "log_softmax": 1,
}  # fmt: skip
"""Copies of the output beside it that the gradient of an activation needs."""
_GATES = {"LSTM": 7, "GRU": 8, "SimpleRNN": 1, "ConvLSTM1D": 7, "ConvLSTM2D": 7}
"""Tensors of a cell's size that one time step keeps."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Elements of one sample; the flags say who needs the output."""

    output: int
    kept: int
    scratch: int
    output_needed: bool
    input_needed: bool


def footprint(
    kind: str, settings: Mapping[str, Any], given: Shape, out: Shape
) -> Footprint:
    """Return the footprint of a layer from one sample's input and output shape."""
    taken, made = math.prod(given), math.prod(out)
    activation = str(settings.get("activation") or "linear")
    more = _MORE_OF_ACTIVATION.get(activation, 0) * made
    own = activation in _OWN_OUTPUT or kind in _ACTIVATION_LAYERS
    needs = kind not in _PASSES
    if kind in _ALIAS:
        return Footprint(0, 0, 0, output_needed=False, input_needed=False)
    kept, scratch = more, taken + made
    if kind in _GATES:
        kept, scratch = _recurrent(kind, settings, given, made)
        own = True
    elif kind == "MultiHeadAttention":
        kept, scratch = _attention(settings, given, made)
    elif "Normalization" in kind:
        kept, scratch = more + (0 if kind.startswith("Batch") else made), 3 * made
    elif "Dropout" in kind:
        # The mask is of one byte an element.
        kept, scratch = (made // 4 if settings.get("rate") else 0), 2 * made
    elif kind.startswith("MaxPooling"):
        own = True
    elif "Separable" in kind:
        kept = more + taken
    elif kind == "Embedding":
        needs, scratch = False, 2 * made
    return Footprint(made, kept, scratch, output_needed=own, input_needed=needs)


def _recurrent(
    kind: str, settings: Mapping[str, Any], given: Shape, made: int
) -> tuple[int, int]:
    """Return what a loop over time keeps: every step's gates and states."""
    steps = given[0] if len(given) > 1 else 1
    units = settings.get("units")
    if kind.startswith("Conv"):
        unit = made // steps if settings.get("return_sequences") else made
    else:
        unit = units if isinstance(units, int) and units > 0 else made
    taken = math.prod(given)
    return _GATES[kind] * steps * unit + 2 * taken, 2 * taken + 4 * unit + made


def _attention(settings: Mapping[str, Any], given: Shape, made: int) -> tuple[int, int]:
    """Return projections and scores of attention over one sequence."""
    heads = _positive(settings.get("num_heads"))
    key = _positive(settings.get("key_dim"))
    value = _positive(settings.get("value_dim")) or key
    length = math.prod(given[:-1]) if len(given) > 1 else 1
    scores = heads * length * length
    dropout = 1 if settings.get("dropout") else 0  # its result; the mask is bytes
    projections = length * heads * (2 * key + 2 * value)
    return 2 * projections + (1 + dropout) * scores, 2 * scores + projections + made


def _positive(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return 1
