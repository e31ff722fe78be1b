"""Keras 3 variables: a wrapper around the variable or array of the backend."""

from __future__ import annotations

import sys

from kerascrash.record import sizing_tensorflow, sizing_torch
from kerascrash.record.leaf import Leaf
from kerascrash.record.safe import attribute, class_module, mro_of, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def find_sizers() -> list[tuple[type, Any]]:
    """Return the base of all Keras variables and its sizer."""
    space = namespace_of(sys.modules.get("keras.src.backend.common.variables"))
    cls = space.get("KerasVariable") if space else None
    return [(cls, size_variable)] if isinstance(cls, type) else []


def size_variable(variable: Any) -> Leaf | None:
    """Size the backend's value; None before it is built."""
    value = attribute(variable, "_value")
    modules = {class_module(cls).partition(".")[0] for cls in mro_of(type(value))}
    if "tensorflow" in modules:
        return sizing_tensorflow.size_variable(value)
    if "torch" in modules:
        return sizing_torch.size_torch(value)
    return sizing_torch.size_jax(value) if modules & {"jax", "jaxlib"} else None
