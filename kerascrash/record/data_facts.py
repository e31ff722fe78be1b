"""
What ``fit`` and its like are given: type, shape, dtype and bytes; never a value.

Entries: {name, type, shape, dtype, bytes, place}. Types that are not known are named
and not asked: a user's own dataset class is not touched.
"""

from __future__ import annotations

from math import prod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROOTS = ("numpy", "tensorflow", "jaxlib", "jax", "torch", "pandas")
_DEPTH = 3
_MOST = 32
_WIDTHS = {"bool": 1, "half": 2, "float": 4, "double": 8, "string": 8}


def dtype_width(dtype: str) -> int:
    """Return the bytes of one element of a dtype by its name; 4 where unknown."""
    digits = "".join(c for c in dtype.split("_e")[0] if c.isdigit())
    if dtype.startswith("float8"):
        return 1
    if dtype in _WIDTHS:
        return _WIDTHS[dtype]
    return max(int(digits) // 8, 1) if digits else 4


def describe_data(name: str, data: Any, place: dict[str, Any] | None) -> list[Any]:
    """Return an entry for each array in ``data`` (nested in tuples, lists, dicts)."""
    found: list[Any] = []
    _walk(name, data, place, found, _DEPTH)
    return found


def _walk(
    name: str, data: Any, place: dict[str, Any] | None, found: list[Any], depth: int
) -> None:
    if data is None or len(found) >= _MOST:
        return
    kind = type(data)
    if depth and kind is dict:
        for key, value in list(data.items())[:_MOST]:
            _walk(f"{name}[{str(key)[:60]!r}]", value, place, found, depth - 1)
    elif depth and kind in (list, tuple) and _holds_arrays(data):
        for index, value in enumerate(data[:_MOST]):
            _walk(f"{name}[{index}]", value, place, found, depth - 1)
    else:
        found.append(_entry(name, data, place))


def _holds_arrays(data: Any) -> bool:
    return bool(data) and len(data) <= _MOST and is_array(data[0])


def is_array(data: Any) -> bool:
    """Return whether the type comes from a library of arrays that are safe to ask."""
    kind = type(data)
    root = kind.__module__.partition(".")[0]
    return root in _ROOTS and hasattr(kind, "shape") and hasattr(kind, "dtype")


def _entry(name: str, data: Any, place: dict[str, Any] | None) -> dict[str, Any]:
    kind = type(data)
    entry: dict[str, Any] = {
        "name": name,
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "shape": None,
        "dtype": None,
        "bytes": None,
        "place": place,
    }
    if kind is list:
        entry["shape"] = [len(data)]
    elif is_array(data):
        shape = shape_of(data)
        dtype = dtype_name(data.dtype)
        entry["shape"], entry["dtype"] = shape, dtype
        lengths = [n for n in shape or () if n is not None]
        if shape is not None and len(lengths) == len(shape):
            size = prod(lengths) * dtype_width(dtype)
            entry["bytes"] = int(getattr(data, "nbytes", 0)) or size
    return entry


def shape_of(data: Any) -> list[int | None] | None:
    """Return a shape as plain numbers; None for an unknown rank."""
    try:
        return [None if n is None else int(n) for n in tuple(data.shape)]
    except (TypeError, ValueError):
        return None


def dtype_name(dtype: Any) -> str:
    """Return ``float32`` for that of NumPy, TensorFlow, JAX or torch."""
    name = getattr(dtype, "name", None)
    return name if isinstance(name, str) else str(dtype).rpartition(".")[2]
