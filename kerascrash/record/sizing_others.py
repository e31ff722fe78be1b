"""pandas objects and PIL images: sizes that their own attributes tell."""

from __future__ import annotations

import sys

from kerascrash.record.leaf import Leaf
from kerascrash.record.safe import (
    attribute,
    class_module,
    class_name,
    derives,
    namespace_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BYTES_PER_PIXEL = {
    "1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2,
}  # fmt: skip
_PIXEL = 4  # of every other mode, LA and PA too
_OBJECTS = frozenset(("object", "str", "string"))
_SAMPLE = 32
_PLAIN = (str, bytes, int, float)
"""Types whose ``__sizeof__`` is no code of the user's."""


def find_sizers() -> list[tuple[type, Any]]:
    """Return classes and their sizers."""
    found: list[tuple[type, Any]] = []
    for module, name, sizer in (
        ("pandas.core.generic", "NDFrame", size_pandas),
        ("pandas.core.indexes.base", "Index", size_index),
        ("PIL.Image", "Image", size_image),
    ):
        space = namespace_of(sys.modules.get(module))
        cls = space.get(name) if space else None
        if isinstance(cls, type):
            found.append((cls, sizer))
    return found


def size_pandas(frame: Any) -> Leaf | None:
    """Size a DataFrame or Series by its blocks and axes, strings by a sample."""
    manager = attribute(frame, "_mgr")
    if manager is None:
        return None
    size, dtypes, estimated = 0.0, [], False
    for block in manager.blocks:
        values, dtype = block.values, str(block.values.dtype)
        size += int(values.nbytes)
        dtypes.append(dtype)
        if dtype in _OBJECTS:
            estimated = True
            size += _behind(values)
    for axis in manager.axes:
        leaf = size_index(axis)
        size += leaf.bytes if leaf else 0
    shape = tuple(int(n) for n in manager.shape[::-1])
    dtype = dtypes[0] if len(set(dtypes)) == 1 else "mixed"
    name = class_name(type(frame))
    return Leaf(round(size), id(manager), name, shape, dtype, estimated=estimated)


def size_index(index: Any) -> Leaf | None:
    """Size an index that holds its values; a range holds none."""
    values = attribute(index, "_data")
    if values is None or not hasattr(type(values), "nbytes"):
        return None
    size, dtype = float(values.nbytes), str(values.dtype)
    estimated = dtype in _OBJECTS
    if estimated:
        size += _behind(values)
    shape = (len(values),)
    name = class_name(type(index))
    return Leaf(round(size), id(values), name, shape, dtype, estimated=estimated)


def _behind(values: Any) -> float:
    """Estimate the bytes of the objects that an array points to, by a sample."""
    ndarray = sys.modules["numpy"].ndarray
    array = values
    if not derives(type(values), ndarray):
        ours = class_module(type(values)).startswith("pandas.")
        array = getattr(values, "_ndarray", None) if ours else None
    if array is None:  # Arrow holds its strings itself
        return 0.0
    count = int(ndarray.size.__get__(array))
    step = max(count // _SAMPLE, 1)
    some = [ndarray.item(array, at) for at in range(0, count, step)][:_SAMPLE]
    known = [sys.getsizeof(one) for one in some if type(one) in _PLAIN]
    if len({id(one) for one in some}) * 2 <= len(some):
        return 0.0  # a few objects over and over: pointers are all there is to it
    return sum(known) / len(some) * count if some else 0.0


def size_image(image: Any) -> Leaf | None:
    """Size a PIL image that is loaded: one to four bytes a pixel as PIL stores them."""
    size, mode = (
        attribute(image, "_size"),
        attribute(image, "_mode") or attribute(image, "mode"),
    )
    pixels = attribute(image, "_im") or attribute(image, "im")  # by version of PIL
    if type(size) is not tuple or pixels is None:
        return None
    width = _BYTES_PER_PIXEL.get(mode if type(mode) is str else "", _PIXEL)
    count = int(size[0]) * int(size[1])
    return Leaf(count * width, id(image), "Image", size, str(mode))
