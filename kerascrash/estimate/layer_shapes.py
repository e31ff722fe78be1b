"""
Shapes of a recorded layer for any batch size, as Keras would compute them.

A shape here is one sample's: the batch dimension is left out and kept as a factor, so
that a size is linear in the batch. Layers of subclassed models tell no output shape;
theirs follows from the shape they were built with and their settings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
_SPATIAL = ("Conv", "Pooling", "Separable", "Depthwise")


@dataclass(frozen=True, slots=True)
class Basis:
    """The batch size that shapes were recorded at, and what unknown lengths were."""

    batch: int = 1
    length: int = 1


def per_sample(raw: object, basis: Basis) -> Shape | None:
    """
    Return a recorded shape without its batch dimension, None for none.

    A leading multiple of the recorded batch (time steps folded into it) stays as its
    factor; a leading number that is none is a dimension like the others.
    """
    if not isinstance(raw, (list, tuple)) or not raw:
        return None
    if isinstance(raw[0], (list, tuple)):
        parts = [per_sample(one, basis) for one in raw]
        known = [part for part in parts if part]
        return (sum(math.prod(part) for part in known),) if known else None
    sizes = [
        n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else None
        for n in raw
    ]
    first, rest = sizes[0], [basis.length if n is None else n for n in sizes[1:]]
    if first is None or first == basis.batch:
        return tuple(rest) or (1,)
    if basis.batch > 1 and first and first % basis.batch == 0:
        return (first // basis.batch, *rest)
    return (first, *rest)


def input_shape(row: Mapping[str, Any], basis: Basis, before: Shape | None) -> Shape:
    """Return what one sample feeds the layer; ``before`` is what came last."""
    return per_sample(row.get("input_shape"), basis) or before or (1,)


def output_shape(row: Mapping[str, Any], basis: Basis, given: Shape) -> Shape:
    """Return the layer's output for one sample: recorded, else computed."""
    told = per_sample(row.get("output_shape"), basis)
    if told is not None:
        return told
    settings = settings_of(row)
    kind = str(row.get("class") or "")
    units = whole(settings.get("units"))
    if kind == "Embedding":
        return (*given, whole(settings.get("output_dim")) or 1)
    if kind.startswith("Global"):
        return given[-1:]
    if kind in ("LSTM", "GRU", "SimpleRNN") and units:
        return (given[0], units) if settings.get("return_sequences") else (units,)
    if units:
        return (*given[:-1], units)
    if any(part in kind for part in _SPATIAL):
        return _spatial(kind, settings, given)
    if kind == "Flatten":
        return (math.prod(given),)
    return given


def settings_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings recorded with a layer or optimizer, empty where none are."""
    settings = row.get("settings")
    return settings if isinstance(settings, Mapping) else {}


def _spatial(kind: str, settings: Mapping[str, Any], given: Shape) -> Shape:
    """Return the output of a convolution or pooling, channels last."""
    if len(given) < 2:
        return given
    window = settings.get("kernel_size") or settings.get("pool_size") or 1
    windows = _spread(window, len(given) - 1)
    strides = _spread(settings.get("strides") or 1, len(given) - 1)
    same = settings.get("padding") == "same"
    sizes = []
    for size, width, stride in zip(given[:-1], windows, strides, strict=True):
        if "Transpose" in kind:
            sizes.append(size * stride)
        else:
            fits = size if same else max(size - width + 1, 1)
            sizes.append(-(-fits // stride))
    channels = whole(settings.get("filters")) or given[-1]
    return (*sizes, channels)


def _spread(value: object, count: int) -> list[int]:
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        numbers = [whole(n) or 1 for n in value]
        return (numbers * count)[:count]
    return [whole(value) or 1] * count


def whole(value: object) -> int:
    """Return a positive whole number, 0 for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return 0
