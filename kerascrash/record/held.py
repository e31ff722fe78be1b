"""What functions and Keras objects keep alive, without asking them."""

from __future__ import annotations

from kerascrash.record import kinds as k
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import cell_value, class_module, derives, instance_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MODEL_PARTS = (
    "_layers", "_trainable_variables", "_non_trainable_variables", "_seed_generators",
    "_metrics", "optimizer", "_self_tracked_trackables", "_trainable_weights",
    "_non_trainable_weights", "_functional",
)  # fmt: skip
"""Attributes under which Keras 2 and 3 keep layers, weights and optimizer slots."""
MODEL_ITEMS = 4096


def closed_over(function: Any) -> list[tuple[str, Any]]:
    """Return names and values that a user's function keeps: closure and defaults."""
    code = function.__code__
    if not is_user_file(code.co_filename):
        return []
    cells = function.__closure__ or ()
    found = [(n, cell_value(c)) for n, c in zip(code.co_freevars, cells, strict=False)]
    defaults = function.__defaults__ or ()
    first = code.co_argcount - len(defaults)
    found += zip(code.co_varnames[first : code.co_argcount], defaults, strict=False)
    found += list((function.__kwdefaults__ or {}).items())
    return found


def model_parts(obj: Any, cls: type) -> list[Any]:
    """Return layers, weights and optimizer of a Keras object, all of them."""
    space = instance_dict(obj, cls) or {}
    parts: list[Any] = []
    if "_variables" in space:  # an optimizer: the weights it trains are not its own
        names: tuple[str, ...] = ("_variables",)
    else:
        names = _MODEL_PARTS
    for name in names:
        value = space.get(name)
        if class_module(type(value)) == k.WRAPPERS:
            value = k.unwrap(value)
        if derives(type(value), list):
            items: Any = value
            parts.extend(list.__getitem__(items, slice(0, MODEL_ITEMS)))
        elif value is not None:
            parts.append(value)
    return parts
