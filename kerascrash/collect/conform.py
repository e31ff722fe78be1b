"""
Hold JSON of a dump to the shapes that rules rely on.

A dump may be damaged or hostile: a number may stand where a list belongs. What does
not fit is left out, so that a rule meets an absent key (which it must expect anyway)
and never a wrong type. Keys that no shape names are kept: later versions add some.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from kerascrash.collect.shapes import ANY, FLAG, NUMBER, SHAPES, TEXT, WHOLE

_MOST_ITEMS = 20_000
_LARGEST = 1 << 63


class _UnfitError(Exception):
    """A value does not have its shape."""


def conform(value: object, shape: str) -> dict[str, Any]:
    """Return the JSON object without what does not have the named shape."""
    try:
        fitted = _fit(value, SHAPES[shape])
    except _UnfitError:
        return {}
    return fitted if isinstance(fitted, dict) else {}


def _fit(value: object, shape: Any) -> Any:
    if isinstance(shape, str):
        return _fit_scalar(value, shape)
    if isinstance(shape, list):
        return _fit_list(value, shape[0])
    if isinstance(shape, tuple):
        if not isinstance(value, (list, tuple)) or len(value) != len(shape):
            raise _UnfitError
        return tuple(_fit(one, kind) for one, kind in zip(value, shape, strict=True))
    return _fit_object(value, shape)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and abs(value) < _LARGEST


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return _is_whole(value)


_FITS: Mapping[str, Callable[[object], bool]] = {
    ANY: lambda _: True,
    TEXT: lambda value: isinstance(value, str),
    FLAG: lambda value: isinstance(value, bool),
    WHOLE: _is_whole,
    NUMBER: _is_number,
}


def _fit_scalar(value: object, kind: str) -> object:
    if not _FITS[kind](value):
        raise _UnfitError
    return value


def _fit_list(value: object, shape: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _UnfitError
    kept = []
    for one in value[:_MOST_ITEMS]:
        try:
            kept.append(_fit(one, shape))
        except _UnfitError:
            continue
    return kept


def _fit_object(value: object, shape: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _UnfitError
    kept: dict[str, Any] = {}
    for key, one in value.items():
        kind = shape.get(key, shape.get("*", ANY))
        if one is None:
            # Absent and null mean the same; rules test with get().
            kept[str(key)] = None
            continue
        try:
            kept[str(key)] = _fit(one, kind)
        except _UnfitError:
            continue
    return kept
