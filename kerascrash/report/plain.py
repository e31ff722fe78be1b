"""Any value as plain JSON data: bounded in depth, finite numbers, encodable text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kerascrash.report.safe_text import cut, encodable

DEEPEST = 24
LONGEST_TEXT = 8000
LONGEST_LIST = 5000


def plain(value: Any, depth: int = 0) -> Any:
    """Return ``value`` as what every JSON reader takes; what is too deep is cut off."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return cut(encodable(value), LONGEST_TEXT)
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {encodable(str(k)): plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value[:LONGEST_LIST]]
    if isinstance(value, (set, frozenset)):
        return [plain(item, depth + 1) for item in sorted(value, key=str)]
    return plain(str(value), depth)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping, else an empty one: blobs may be damaged."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list from a dump; anything else is left out."""
    if not isinstance(value, (list, tuple)):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def items(value: Any) -> list[Any]:
    """Return ``value`` if it is a list, else an empty one."""
    return list(value) if isinstance(value, (list, tuple)) else []


def number(value: Any) -> float | None:
    """Return a finite number or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """Return an int or None."""
    found = number(value)
    return None if found is None else int(found)
