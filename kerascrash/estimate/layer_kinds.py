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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kerascrash.estimate.layer_outputs import Shape
from kerascrash.estimate.layer_sequences import (
    attention,
    is_attention,
    is_recurrent,
    recurrent,
)

_ALIAS = frozenset({
    "Flatten", "Reshape", "InputLayer", "Identity", "ActivityRegularization",
})  # fmt: skip
_PASSES = frozenset({
    "Add", "Subtract", "Average", "Concatenate", "Permute", "RepeatVector",
    "Cropping1D", "Cropping2D", "Cropping3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "Dropout",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise",
    "ReLU", "ELU", "Softmax", "Masking", "Rescaling", "Normalization", "CenterCrop",
    "CategoryEncoding", "Discretization", "Hashing", "HashedCrossing",
    "IntegerLookup", "StringLookup", "TextVectorization", *_ALIAS,
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


@dataclass(frozen=True, slots=True)
class Footprint:
    """Elements of one sample; the flags say who needs the output."""

    output: int
    kept: int
    scratch: int
    output_needed: bool
    input_needed: bool

    def times(self, count: int) -> Footprint:
        """Return the footprint of a layer that is run so often in one step."""
        return replace(self, output=count * self.output, kept=count * self.kept)


def footprint(
    kind: str, settings: Mapping[str, Any], parts: Sequence[Shape], out: Shape
) -> Footprint:
    """Return the footprint of a layer from one sample's inputs and output shape."""
    taken, made = sum(math.prod(part) for part in parts), math.prod(out)
    if kind in _ALIAS:
        return Footprint(0, 0, 0, output_needed=False, input_needed=False)
    activation = str(settings.get("activation") or "linear")
    more = _MORE_OF_ACTIVATION.get(activation, 0) * made
    own = activation in _OWN_OUTPUT or kind in _ACTIVATION_LAYERS
    needs = kind not in _PASSES and not _reads_its_output(kind, activation)
    kept, scratch = more, taken + made
    if activation in _OWN_OUTPUT and settings.get("activation"):
        # What was made is needed for the activation alone, and gone before the product.
        scratch = max(taken, made)
    if is_recurrent(kind):
        kept, scratch = recurrent(kind, settings, parts[0], made)
        own = needs = bool(settings.get("unroll"))  # a loop has copies of both
    elif is_attention(kind):
        kept, scratch = attention(kind, settings, parts, made)
    elif "Normalization" in kind:
        kept, scratch = more + (0 if kind.startswith("Batch") else made), 3 * made
    elif "Dropout" in kind:
        kept, scratch = _dropped(kind, settings, made), made
    elif "Embedding" in kind:
        needs, scratch = False, made
    elif kind in ("Add", *_ACTIVATION_LAYERS):
        # One gradient is written over the other, or is the same.
        kept, scratch = more, made
    else:
        kept = more + _windows(kind, parts[0], taken, made) + _merged(kind, parts, made)
        own = own or kind.startswith("MaxPooling")
    return Footprint(made, kept, scratch, output_needed=own, input_needed=needs)


def _reads_its_output(kind: str, activation: str) -> bool:
    """Tell an ``Activation`` whose gradient follows from what it made."""
    return kind == "Activation" and activation in (*_OWN_OUTPUT, "linear")


def _dropped(kind: str, settings: Mapping[str, Any], made: int) -> int:
    if kind.startswith("Alpha"):
        return 2 * made
    if kind.startswith("Gaussian"):
        return made  # its noise
    # The mask is of one byte an element.
    return made // 4 if settings.get("rate") else 0


def _windows(kind: str, given: Shape, taken: int, made: int) -> int:
    """Return what layers keep that copy or gather what they were given."""
    if kind.startswith("AdaptiveMax"):  # one gathering for each axis
        return (len(given) - 1) * taken
    if "Separable" in kind:
        return taken
    return made if kind == "PReLU" else 0


def _merged(kind: str, parts: Sequence[Shape], made: int) -> int:
    """Return what merging keeps between the first two inputs and the result."""
    if kind == "Average":  # the sum that is divided
        return made
    between = max(len(parts) - 2, 0)
    return between * made if kind in ("Multiply", "Maximum", "Minimum") else 0


def rematerialised(own: Footprint, mode: str) -> Footprint:
    """
    Return what stays of a footprint under ``keras.RematScope``.

    ``activations`` computes the activation again from what it was given; every other
    mode computes the whole layer again, and nothing but its input is kept.
    """
    if mode == "activations":
        return replace(own, kept=min(own.kept, 2 * own.output))
    return replace(own, kept=0, scratch=own.scratch + own.kept, output_needed=False,
                   input_needed=True)  # fmt: skip
