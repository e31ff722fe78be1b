"""
What kernels need beside the tensors that a model makes.

TensorFlow's own gradient of a convolution's filter unrolls as many images at once as
fill the processor's last cache, however small the batch is: one image more than fits
(``Conv2DCustomBackpropFilterOp`` in ``conv_grad_filter_ops.cc``; with a cache of
32 MiB its BFC allocator counted 29 to 32 MiB for each of six geometries and batches of
4, 16 and 64). Ops of a graph run two and more at a time, eager ones one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kerascrash.estimate.model_arithmetic import LayerBytes
from kerascrash.model.case import Recording

USUAL_CACHE = 32 << 20
"""Of a last-level cache, in bytes, where none was recorded."""
_ELEMENT = 4


def last_cache(recording: Recording) -> int:
    """Return the size of the processor's last cache in bytes."""
    told = recording.environment.get("cpu_cache_bytes")
    return told if isinstance(told, int) and told > 0 else USUAL_CACHE


def kernel_workspaces(
    layers: Sequence[LayerBytes], mode: str, cache: int
) -> tuple[int, ...]:
    """Return what is needed while the gradient of each layer's filter is computed."""
    sizes = [_unrolled(layer, cache) for layer in layers]
    if mode == "xla":  # it compiles convolutions otherwise
        return (0,) * len(sizes)
    if mode == "eager":
        return tuple(sizes)
    # The filter of the layer behind may still be at work: nobody waits for it.
    behind, found = 0, []
    for size in reversed(sizes):
        found.append(size + behind if size else 0)
        behind = size or behind
    return tuple(reversed(found))


def _unrolled(layer: LayerBytes, cache: int) -> int:
    if "Conv" not in layer.type or not layer.trainable or not layer.parameters:
        return 0
    made = [size for size in layer.output_shape if isinstance(size, int) and size > 0]
    if len(made) < 2:
        return 0
    pixels, filters = math.prod(made[:-1]), made[-1]
    image = pixels * max(layer.parameters // filters, 1)
    together = image + pixels * filters + layer.parameters
    images = -(-cache // (_ELEMENT * together))
    return images * image * _ELEMENT
