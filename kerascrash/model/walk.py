"""Find every rule of a package: one module, one constant, no list to keep."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any


@cache
def load_constants(package: str, name: str) -> tuple[Any, ...]:
    """
    Return the constant ``name`` of every public module of ``package``, sorted by id.

    Modules that begin with an underscore are helpers and are left out. Raises
    AttributeError when a module has no such constant (a test finds that first).
    """
    root = importlib.import_module(package)
    modules = sorted(
        m.name for m in pkgutil.iter_modules(root.__path__) if m.name[0] != "_"
    )
    found = [getattr(importlib.import_module(f"{package}.{m}"), name) for m in modules]
    return tuple(sorted(found, key=lambda constant: str(constant.id)))
