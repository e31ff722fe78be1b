"""
What a layer of Keras makes of one sample's input, where no output was recorded.

Layers of subclassed models tell the shape they were built with and their settings, no
output. Every class of ``keras.layers`` that changes a shape has its rule here; the
others keep it. Source: ``compute_output_shape`` of the layers of Keras 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

Shape = tuple[int, ...]
"""One sample's sizes: the batch dimension is left out."""
Settings = Mapping[str, Any]
_SPATIAL = ("Conv", "MaxPooling", "AveragePooling")
_MERGES = frozenset({
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
})  # fmt: skip
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN"})


def computed_output(kind: str, settings: Settings, parts: Sequence[Shape]) -> Shape:
    """Return one sample's output; ``parts`` are its inputs, the first one leading."""
    given = parts[0] if parts else (1,)
    if kind in _MERGES:
        return broadcast(parts)
    if kind in _RECURRENT:
        return _sequence(settings, given)
    rule = _RULES.get(kind)
    if rule is not None:
        return rule(settings, parts)
    if kind.startswith("Global"):
        return _global(settings, given)
    if kind.startswith("Adaptive"):
        return _resized(settings, given, settings.get("output_size"))
    if kind.startswith("ConvLSTM"):
        frame = _spatial(kind, settings, given[1:])
        return (given[0], *frame) if settings.get("return_sequences") else frame
    if kind.startswith(("ZeroPadding", "Cropping", "UpSampling")):
        return _reframed(kind, settings, given)
    if any(part in kind for part in _SPATIAL):
        return _spatial(kind, settings, given)
    units = whole(settings.get("units"))
    return (*given[:-1], units) if units else given


def whole(value: object) -> int:
    """Return a positive whole number, 0 for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return 0


def spread(value: object, count: int) -> list[int]:
    """Return one number for each of ``count`` axes from a number or a list of them."""
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        numbers = [whole(n) or 1 for n in value]
        return (numbers * count)[:count]
    return [whole(value) or 1] * count


def _channels_first(settings: Settings) -> bool:
    return settings.get("data_format") == "channels_first"


def _axes(settings: Settings, given: Shape) -> tuple[Shape, Shape]:
    """Return (spatial axes, channel axis) of one sample."""
    return (
        (given[1:], given[:1])
        if _channels_first(settings)
        else (given[:-1], given[-1:])
    )


def _joined(settings: Settings, sizes: Sequence[int], channels: Sequence[int]) -> Shape:
    return (*channels, *sizes) if _channels_first(settings) else (*sizes, *channels)


def _spatial(kind: str, settings: Settings, given: Shape) -> Shape:
    """Return the output of a convolution or pooling."""
    if len(given) < 2:
        return given
    axes, channels = _axes(settings, given)
    window = settings.get("kernel_size") or settings.get("pool_size") or 1
    count = len(axes)
    steps = settings.get("strides") or (window if "Pooling" in kind else 1)
    widths, strides = spread(window, count), spread(steps, count)
    holes = spread(settings.get("dilation_rate") or 1, count)
    same = settings.get("padding") in ("same", "causal")
    sizes = []
    for size, width, stride, hole in zip(axes, widths, strides, holes, strict=True):
        reach = hole * (width - 1) + 1
        if "Transpose" in kind:
            sizes.append(size * stride + (0 if same else max(reach - stride, 0)))
        else:
            fits = size if same else max(size - reach + 1, 1)
            sizes.append(-(-fits // stride))
    made = whole(settings.get("filters")) or math.prod(channels)
    if kind.startswith("Depthwise"):
        made *= whole(settings.get("depth_multiplier")) or 1
    return _joined(settings, sizes, (made,))


def _reframed(kind: str, settings: Settings, given: Shape) -> Shape:
    """Return what padding, cropping or repeating makes of the spatial axes."""
    axes, channels = _axes(settings, given)
    if kind.startswith("UpSampling"):
        sizes = [
            n * by for n, by in zip(axes, spread(settings.get("size") or 2, len(axes)),
                                    strict=True)
        ]  # fmt: skip
        return _joined(settings, sizes, channels)
    sign = 1 if kind.startswith("Zero") else -1
    edges = settings.get("padding" if sign > 0 else "cropping")
    around = edges if isinstance(edges, (list, tuple)) else [edges] * len(axes)
    if len(axes) == 1 and len(around) == 2:  # 1D: (before, after), not one per axis
        around = [around]
    sizes = [
        max(size + sign * _both_ends(edge), 1)
        for size, edge in zip_longest(axes, around[: len(axes)], fillvalue=0)
    ]
    return _joined(settings, sizes, channels)


def _both_ends(edge: object) -> int:
    if isinstance(edge, (list, tuple)):
        return sum(whole(n) for n in edge)
    return 2 * whole(edge)


def _resized(settings: Settings, given: Shape, size: object) -> Shape:
    axes, channels = _axes(settings, given)
    return _joined(settings, spread(size, len(axes)), channels)


def _image(settings: Settings, parts: Sequence[Shape]) -> Shape:
    sides = [whole(settings.get(name)) for name in ("height", "width")]
    return _resized(settings, parts[0], sides) if all(sides) else parts[0]


def _global(settings: Settings, given: Shape) -> Shape:
    axes, channels = _axes(settings, given)
    ones = [1] * len(axes)
    return _joined(settings, ones, channels) if settings.get("keepdims") else channels


def _sequence(settings: Settings, given: Shape) -> Shape:
    units = whole(settings.get("units"))
    if not units:
        return given
    whole_sequence = settings.get("return_sequences") and len(given) > 1
    return (given[0], units) if whole_sequence else (units,)


def broadcast(parts: Sequence[Shape]) -> Shape:
    """Return the shape of what is computed element by element of several."""
    turned = zip_longest(*(reversed(part) for part in parts), fillvalue=1)
    return tuple(reversed([max(sizes) for sizes in turned]))


def _axis(value: object, rank: int, default: int) -> int:
    """Return an axis of one sample: Keras counts the batch as axis 0."""
    axis = value if isinstance(value, int) else default
    at = axis - 1 if axis > 0 else rank + axis
    return min(max(at, 0), rank - 1)


def _concatenated(settings: Settings, parts: Sequence[Shape]) -> Shape:
    first = parts[0]
    at = _axis(settings.get("axis"), len(first), -1)
    total = sum(part[at] for part in parts if len(part) > at)
    return (*first[:at], total, *first[at + 1 :])


def _dot(settings: Settings, parts: Sequence[Shape]) -> Shape:
    if len(parts) < 2:
        return parts[0]
    told = settings.get("axes")
    axes = list(told) if isinstance(told, (list, tuple)) else [told, told]
    rest: list[int] = []
    for part, axis in zip(parts[:2], axes, strict=False):
        at = _axis(axis, len(part), -1)
        rest += [*part[:at], *part[at + 1 :]]
    return tuple(rest) or (1,)


def _reshaped(settings: Settings, parts: Sequence[Shape]) -> Shape:
    told = settings.get("target_shape")
    if not isinstance(told, (list, tuple)):
        return parts[0]
    known = math.prod(whole(n) or 1 for n in told)
    left = max(math.prod(parts[0]) // max(known, 1), 1)
    return tuple(whole(n) or left for n in told) or (1,)


def _permuted(settings: Settings, parts: Sequence[Shape]) -> Shape:
    given, dims = parts[0], settings.get("dims")
    if not isinstance(dims, (list, tuple)) or len(dims) != len(given):
        return given
    return tuple(given[min(max(whole(n), 1), len(given)) - 1] for n in dims)


def _repeated(settings: Settings, parts: Sequence[Shape]) -> Shape:
    return (whole(settings.get("n")) or 1, *parts[0])


def _embedded(settings: Settings, parts: Sequence[Shape]) -> Shape:
    return (*parts[0], whole(settings.get("output_dim")) or 1)


def _attended(_settings: Settings, parts: Sequence[Shape]) -> Shape:
    value = parts[1] if len(parts) > 1 else parts[0]
    return (*parts[0][:-1], value[-1])


def _encoded(settings: Settings, parts: Sequence[Shape]) -> Shape:
    given, mode = parts[0], settings.get("output_mode")
    classes = whole(settings.get("num_tokens")) or whole(settings.get("num_bins"))
    if mode in (None, "int") or not classes:
        return given
    return (*given, classes) if mode == "one_hot" and given[-1] > 1 else (
        *given[:-1], classes)  # fmt: skip


def _einsum(settings: Settings, parts: Sequence[Shape]) -> Shape:
    """Return the result of ``EinsumDense``: named by its equation, sized by both."""
    given, told = parts[0], settings.get("partial_output_shape")
    left, arrow, result = str(settings.get("equation") or "").partition("->")
    if not arrow or not isinstance(told, (list, tuple)):
        return given
    letters = left.partition(",")[0]
    if "..." in letters:
        rest = len(letters.replace("...", ""))
        return (*given[: len(given) - rest], *(whole(n) or 1 for n in told))
    sizes = dict(zip(letters[1:], given, strict=False))
    named = zip(result[1:], told, strict=False)
    return tuple(whole(n) or sizes.get(name, 1) for name, n in named) or (1,)


def _flat(_settings: Settings, parts: Sequence[Shape]) -> Shape:
    return (math.prod(parts[0]),)


_RULES: dict[str, Callable[[Settings, Sequence[Shape]], Shape]] = {
    "Concatenate": _concatenated, "Dot": _dot, "Flatten": _flat,
    "Reshape": _reshaped, "Permute": _permuted, "RepeatVector": _repeated,
    "Embedding": _embedded, "ReversibleEmbedding": _embedded,
    "Attention": _attended, "AdditiveAttention": _attended,
    "CategoryEncoding": _encoded, "Hashing": _encoded, "Discretization": _encoded,
    "EinsumDense": _einsum, "Resizing": _image, "CenterCrop": _image,
    "RandomCrop": _image,
}  # fmt: skip
