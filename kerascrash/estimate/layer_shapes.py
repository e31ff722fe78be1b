"""
Shapes of a recorded layer for any batch size, as Keras would compute them.

A shape here is one sample's: the batch dimension is left out and kept as a factor, so
that a size is linear in the batch. See layer_outputs for what was not recorded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.layer_outputs import Shape


@dataclass(frozen=True, slots=True)
class Basis:
    """
    The batch size that shapes were recorded at, and what unknown lengths were.

    ``given`` is one sample of the data: what the first layer of a model is given that
    is not built yet, None where that cannot be told.
    """

    batch: int = 1
    length: int = 1
    given: Shape | None = None


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


def input_parts(
    row: Mapping[str, Any], basis: Basis, before: Shape | None
) -> tuple[Shape, ...]:
    """Return what one sample feeds the layer, each input; ``before`` came last."""
    raw = row.get("input_shape")
    if isinstance(raw, (list, tuple)) and raw and isinstance(raw[0], (list, tuple)):
        found = [per_sample(one, basis) for one in raw]
        parts = tuple(part for part in found if part)
    else:
        one = per_sample(raw, basis)
        parts = (one,) if one else ()
    return parts or (before or (1,),)


def is_keras_own(row: Mapping[str, Any]) -> bool:
    """Tell whether the class of a recorded layer is one that Keras ships."""
    return row.get("module") in ("keras", "tf_keras")


def has_activation(row: Mapping[str, Any]) -> bool:
    """Tell whether a recorded layer applies an activation function."""
    return settings_of(row).get("activation") not in (None, "", "linear")


def settings_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings recorded with a layer or optimizer, empty where none are."""
    settings = row.get("settings")
    return settings if isinstance(settings, Mapping) else {}
