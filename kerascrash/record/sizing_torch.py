"""PyTorch tensors and JAX arrays; only exact classes, which cannot call back."""

from __future__ import annotations

import sys
from math import prod

from kerascrash.record.leaf import HOST, Leaf
from kerascrash.record.safe import class_name, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_dtypes: dict[Any, str] = {}
"""Names of JAX's dtypes: a few, which belong to NumPy."""


def find_sizers() -> list[tuple[type, Any]]:
    """Return tensor classes and their sizers."""
    found: list[tuple[type, Any]] = []
    for module, name, sizer in (
        ("torch", "Tensor", size_torch),
        ("jax._src.array", "ArrayImpl", size_jax),
    ):
        space = namespace_of(sys.modules.get(module))
        cls = space.get(name) if space else None
        if isinstance(cls, type):
            found.append((cls, sizer))
    return found


def size_torch(tensor: Any) -> Leaf | None:
    """Size the storage of a tensor: a view is charged with all that it keeps alive."""
    name = class_name(type(tensor))
    if name not in {"Tensor", "Parameter"}:
        return None  # a subclass may take over every call (__torch_function__)
    storage = tensor.untyped_storage()
    device = str(tensor.device)
    address = storage.data_ptr()
    size = int(storage.nbytes())
    shape, dtype = tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")
    where = HOST if device == "cpu" else device.replace("cuda", "GPU")
    key: object = ("p", address) if address else id(tensor)
    graph = not tensor.is_leaf  # made by a computation that can still be gone back
    return Leaf(size, key, name, shape, dtype, where, graph=graph)


def size_jax(array: Any) -> Leaf | None:
    """Size an array from its abstract value; the computation may still be running."""
    if array.is_deleted():
        return None
    device = str(next(iter(array.devices()))).lower()
    where = HOST if "cpu" in device else device.replace("cuda", "GPU")
    shape, dtype = tuple(array.shape), array.dtype
    name = _dtypes.get(dtype)
    if name is None:
        name = _dtypes[dtype] = str(dtype)  # 7 us each time
    return Leaf(prod(shape) * dtype.itemsize, id(array), "Array", shape, name, where)
