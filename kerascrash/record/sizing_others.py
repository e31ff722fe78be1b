"""pandas objects and PIL images: sizes that their own attributes tell."""

from __future__ import annotations

import sys

from kerascrash.record.leaf import Leaf
from kerascrash.record.safe import attribute, class_name, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BYTES_PER_PIXEL = {
    "RGB": 4,
    "RGBA": 4,
    "RGBX": 4,
    "CMYK": 4,
    "YCbCr": 4,
    "I": 4,
    "F": 4,
}


def find_sizers() -> list[tuple[type, Any]]:
    """Return classes and their sizers."""
    found: list[tuple[type, Any]] = []
    for module, name, sizer in (
        ("pandas.core.generic", "NDFrame", size_pandas),
        ("PIL.Image", "Image", size_image),
    ):
        space = namespace_of(sys.modules.get(module))
        cls = space.get(name) if space else None
        if isinstance(cls, type):
            found.append((cls, sizer))
    return found


def size_pandas(frame: Any) -> Leaf | None:
    """Size a DataFrame or Series by its blocks; the strings in it are not followed."""
    manager = attribute(frame, "_mgr")
    if manager is None:
        return None
    size, dtypes, objects = 0, [], False
    for block in manager.blocks:
        values = block.values
        size += int(values.nbytes)
        dtypes.append(str(values.dtype))
        objects = objects or str(values.dtype) in {"object", "str", "string"}
    shape = tuple(int(n) for n in manager.shape[::-1])
    dtype = dtypes[0] if len(set(dtypes)) == 1 else "mixed"
    name = class_name(type(frame))
    return Leaf(size, id(manager), name, shape, dtype, estimated=objects)


def size_image(image: Any) -> Leaf | None:
    """Size a PIL image that is loaded: one to four bytes a pixel as PIL stores them."""
    size, mode = (
        attribute(image, "_size"),
        attribute(image, "_mode") or attribute(image, "mode"),
    )
    pixels = attribute(image, "_im") or attribute(image, "im")  # by version of PIL
    if type(size) is not tuple or pixels is None:
        return None
    width = _BYTES_PER_PIXEL.get(mode if type(mode) is str else "", 1)
    count = int(size[0]) * int(size[1])
    return Leaf(count * width, id(image), "Image", size, str(mode))
