"""NumPy arrays: a view is charged with the whole buffer that it keeps alive, once."""

from __future__ import annotations

import array
import sys

from kerascrash.record.leaf import HOST, MAPPED, Leaf
from kerascrash.record.safe import class_name, derives, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VIEW_DEPTH = 32


def find_sizers() -> list[tuple[type, Any]]:
    """Return array classes and their sizers."""
    found: list[tuple[type, Any]] = [(array.array, _size_stdlib_array)]
    space = namespace_of(sys.modules.get("numpy"))
    ndarray = space.get("ndarray") if space else None
    if isinstance(ndarray, type):
        found.append((ndarray, ArraySizer(ndarray)))
    return found


def _size_stdlib_array(obj: Any) -> Leaf:
    code = array.array.typecode.__get__(obj)
    length = array.array.__len__(obj)
    return Leaf(array.array.__sizeof__(obj), id(obj), "array", (length,), code)


class ArraySizer:
    """
    Sizes an ndarray through the descriptors of ``ndarray``: subclasses have no say.

    Only descriptors of the class are kept, and they belong to NumPy.
    """

    def __init__(self, ndarray: Any) -> None:
        self._ndarray = ndarray
        self._bytes = ndarray.nbytes.__get__
        self._base = ndarray.base.__get__
        self._shape = ndarray.shape.__get__
        self._dtype = ndarray.dtype.__get__
        self._interface = ndarray.__array_interface__.__get__

    def __call__(self, obj: Any) -> Leaf:
        owner, base = obj, self._base(obj)
        for _ in range(VIEW_DEPTH):
            if base is None or not derives(type(base), self._ndarray):
                break
            owner, base = base, self._base(base)
        dtype = self._dtype(obj)
        size, key, device = self._buffer(owner, base)
        name, shape = class_name(type(obj)), self._shape(obj)
        return Leaf(size, key, name, shape, _dtype_name(dtype), device)

    def _buffer(self, owner: Any, base: Any) -> tuple[int, object, str]:
        size = int(self._bytes(owner))
        kind = class_name(type(base)) if base is not None else ""
        if kind == "mmap":
            return size, id(base), MAPPED
        if type(base) in (bytes, bytearray):
            return sys.getsizeof(base), id(base), HOST
        return (
            size,
            ("p", self._interface(owner)["data"][0]) if size else id(owner),
            HOST,
        )


_names: dict[str, str] = {}


def _dtype_name(dtype: Any) -> str:
    """Return ``float64`` and the like; NumPy takes 5 us to make such a name."""
    code = dtype.str
    name = _names.get(code)
    if name is None:
        if len(_names) > 500:
            _names.clear()
        name = _names[code] = str(dtype.name)[:40]
    return name


def object_items(obj: Any, most: int) -> list[Any]:
    """Return some elements of an array of Python objects (dtype ``object``)."""
    ndarray = sys.modules["numpy"].ndarray
    size = int(ndarray.size.__get__(obj))
    step = max(1, size // most)
    return [ndarray.item(obj, index) for index in range(0, size, step)][:most]
