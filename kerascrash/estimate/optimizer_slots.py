"""
What an optimizer keeps for each trainable weight, and what one update needs on top.

Sources: the ``build`` and ``update_step`` of Keras 3's optimizers. Recorded bytes of a
built optimizer are taken before any of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerascrash.estimate.layer_shapes import settings_of

_SLOTS = {
    "sgd": 0, "adam": 2, "adamw": 2, "nadam": 2, "adamax": 2, "rmsprop": 1,
    "adagrad": 1, "adadelta": 2, "ftrl": 2, "lion": 1, "lamb": 2, "adafactor": 1,
    "muon": 1, "schedulefreeadamw": 2,
}  # fmt: skip
"""
Full-size variables per trainable weight with default arguments.

Muon keeps a second one for vectors, embeddings and the last layer alone; Adafactor
rows and columns besides. Both are small beside the matrices.
"""
_WITH_MOMENTUM = frozenset({"sgd", "rmsprop"})
"""Optimizers that keep one more where ``momentum`` is not zero."""
_UPDATE = {"sgd": 1, "lion": 3, "rmsprop": 3, "adagrad": 2, "ftrl": 4}
"""Temporaries of a weight's size while it is updated; 3 for those not named."""
_FEWER = {2: "Lion", 1: "SGD"}


def optimizer_class(raw: Mapping[str, Any]) -> str:
    """Return the class that does the updates: the inner one of a loss scaler."""
    settings = settings_of(raw)
    return str(settings.get("inner") or raw.get("class") or "")


def slots_per_weight(raw: Mapping[str, Any]) -> int:
    """Return how many copies of the trainable weights the optimizer keeps."""
    settings = settings_of(raw)
    name = optimizer_class(raw).lower()
    count = _SLOTS.get(name, 1)
    steps = settings.get("gradient_accumulation_steps")
    return (
        count
        + bool(settings.get("momentum") and name in _WITH_MOMENTUM)
        + bool(settings.get("amsgrad"))
        + bool(settings.get("centered"))
        + bool(settings.get("use_ema"))
        + (isinstance(steps, int) and steps > 1)
    )


def own_slots(raw: Mapping[str, Any]) -> int:
    """Return the copies that belong to the optimizer's own rule for an update."""
    settings = settings_of(raw)
    steps = settings.get("gradient_accumulation_steps")
    beside = bool(settings.get("use_ema")) + (isinstance(steps, int) and steps > 1)
    return slots_per_weight(raw) - beside


def extra_slots(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in words what is kept beside the optimizer's usual slots."""
    settings = settings_of(raw)
    steps = settings.get("gradient_accumulation_steps")
    inner = settings.get("inner")
    told = (
        (f"of {inner}, with loss scaling", bool(inner)),
        ("moving average of the weights", bool(settings.get("use_ema"))),
        ("accumulated gradients", isinstance(steps, int) and steps > 1),
    )
    return tuple(text for text, applies in told if applies)


def update_copies(raw: Mapping[str, Any]) -> int:
    """Return how many temporaries of a weight's size its update makes."""
    return _UPDATE.get(optimizer_class(raw).lower(), 3)


def leaner_optimizer(slots: int) -> tuple[str, int] | None:
    """Return (name, slots) of a common optimizer that keeps fewer, None for none."""
    name = _FEWER.get(min(slots, 2))
    return (name, _SLOTS[name.lower()]) if name else None
