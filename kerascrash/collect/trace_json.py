"""Decoded traces and allocator maps as JSON, and back: the types say what fits."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.profiler_tools import ProfilerTools
from kerascrash.model.trace import Trace

_TYPES = {"trace": Trace, "map": AllocatorMap}
_MOST = 200
_MOST_ITEMS = 200_000
_LARGEST = 1 << 63


class _UnfitError(Exception):
    """A value is not what the type says."""


def write_traces_json(traces: Iterable[object]) -> dict[str, Any]:
    """Return traces as JSON data, in the order of the case."""
    kinds = {kind: name for name, kind in _TYPES.items()}
    return {
        "traces": [
            {"type": kinds[type(trace)], **_plain(trace)}
            for trace in traces
            if type(trace) in kinds
        ]
    }


def read_traces_json(data: Mapping[str, Any]) -> tuple[Trace | AllocatorMap, ...]:
    """Return the traces in JSON data; one that does not fit is left out."""
    rows = data.get("traces")
    found: list[Trace | AllocatorMap] = []
    for row in rows[:_MOST] if isinstance(rows, list) else []:
        kind = _TYPES.get(str(row.get("type"))) if isinstance(row, dict) else None
        if kind is not None:
            try:
                found.append(_build(row, kind))
            except _UnfitError:
                continue
    return tuple(found)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, localns={"ProfilerTools": ProfilerTools})


def _build(row: object, kind: Any) -> Any:
    if not isinstance(row, Mapping):
        raise _UnfitError
    known = _hints(kind)
    values = {
        name: _fit(row[name], hint) for name, hint in known.items() if name in row
    }
    try:
        return kind(**values)
    except TypeError:
        raise _UnfitError from None


def _fit(value: Any, hint: Any) -> Any:
    """Return the value as the type wants it; raises _UnfitError."""
    if is_dataclass(hint):
        return _build(value, hint)
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _fit(value, parts[0])
    if origin is tuple:
        return _fit_tuple(value, parts)
    if origin is not None:
        if not isinstance(value, Mapping):
            raise _UnfitError
        return {str(key): _fit(item, parts[1]) for key, item in value.items()}
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint or (hint is int and abs(value) >= _LARGEST):
        raise _UnfitError
    return value


def _fit_tuple(value: Any, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        raise _UnfitError
    if len(parts) == 2 and parts[1] is ...:
        return tuple(_fit(item, parts[0]) for item in value)
    if len(value) != len(parts):
        raise _UnfitError
    return tuple(_fit(one, part) for one, part in zip(value, parts, strict=True))
