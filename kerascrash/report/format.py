"""What a report format is, and how the formats are found."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import kerascrash.report

if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.model.verdict import Diagnosis


@dataclass(frozen=True, slots=True)
class Format:
    """
    One way to write a diagnosis; a module of this package holds it as ``FORMAT``.

    ``name`` is what ``--format`` takes, ``suffix`` ends the file's name. ``render`` is
    pure and deterministic: no clock, no environment.
    """

    name: str
    suffix: str
    render: Callable[[Diagnosis], str]


def find_formats() -> dict[str, Format]:
    """Return all formats by name; the modules import what is heavy only to render."""
    found: dict[str, Format] = {}
    for module in pkgutil.iter_modules(
        kerascrash.report.__path__, "kerascrash.report."
    ):
        if module.ispkg:
            continue
        entry = getattr(importlib.import_module(module.name), "FORMAT", None)
        if isinstance(entry, Format):
            found[entry.name] = entry
    return found
