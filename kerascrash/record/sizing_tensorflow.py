"""
TensorFlow's eager tensors and variables: shape times dtype, never the values.

Shape and dtype of an EagerTensor are kept by the runtime and known at once, except
under asynchronous execution (``set_synchronous_execution(False)``), where asking waits
for the device: then tensors are not sized. The address of a buffer can be
had without a copy for a finished tensor on the local CPU only; elsewhere the tensor
stands for its buffer.
"""

from __future__ import annotations

import sys

from kerascrash.record.leaf import HOST, Leaf
from kerascrash.record.safe import attribute, class_name, namespace_of
from kerascrash.record.tapes import size_tape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHARING_WORTH = 1 << 20
"""Bytes from which a tensor's address is asked for (10 us) to find shared buffers."""
STRING_BYTES = 24  # sizeof(tstring); long strings own more: marked as estimated

_OPS = "tensorflow.python.framework.ops"
_VARIABLES = "tensorflow.python.ops.resource_variable_ops"
_TAPES = "tensorflow.python.eager.backprop"
_dtypes: dict[int, tuple[str, int]] = {}
_mode = {"async": False}


def find_sizers() -> list[tuple[type, Any]]:
    """Return tensor and variable classes and their sizers."""
    found: list[tuple[type, Any]] = []
    for module, name, sizer in (
        (_OPS, "EagerTensor", size_tensor),
        (_OPS, "SymbolicTensor", size_symbol),
        (_VARIABLES, "BaseResourceVariable", size_variable),
        (_TAPES, "GradientTape", size_tape),
    ):
        space = namespace_of(sys.modules.get(module))
        cls = space.get(name) if space else None
        if isinstance(cls, type):
            found.append((cls, sizer))
    return found


def note_execution_mode() -> None:
    """Remember, once a scan, whether asking a tensor for its shape may wait."""
    _mode["async"] = _is_async()


def _is_async() -> bool:
    space = namespace_of(sys.modules.get("tensorflow.python.eager.context"))
    context = space.get("_context") if space else None
    try:
        return context is not None and bool(context.is_async())
    except Exception:
        return True


def size_tensor(tensor: Any) -> Leaf | None:
    """Size one EagerTensor; None when that would wait."""
    if _mode["async"]:
        return None
    shape = tensor._shape_tuple()  # noqa: SLF001 - .shape builds a TensorShape
    name, width = _dtype(tensor._datatype_enum())  # noqa: SLF001 - .dtype: slower
    size = width * _product(shape)
    where = tensor.backing_device or ""
    device = device_name(where)
    key: object = id(tensor)
    local = where.startswith("/job:localhost/") and device == HOST
    if size >= SHARING_WORTH and local:
        key = _address(tensor) or key
    return Leaf(
        size, key, "EagerTensor", shape, name, device, estimated=name == "string"
    )


def size_symbol(_: Any) -> Leaf | None:
    """Return nothing: a symbolic tensor of a graph holds no values."""
    return None


def size_variable(variable: Any) -> Leaf | None:
    """Size one variable; unknown dimensions count as nothing."""
    shape = attribute(attribute(variable, "_shape"), "_dims")
    dtype = attribute(variable, "_dtype")
    handle = attribute(variable, "_handle")
    if type(shape) is not tuple or dtype is None or handle is None:
        return None
    known = tuple(n if type(n) is int else 0 for n in shape)
    name, width = _dtype(int(dtype.as_datatype_enum))
    kind = class_name(type(variable))
    device = device_name(str(getattr(handle, "backing_device", "") or ""))
    return Leaf(width * _product(known), ("v", id(handle)), kind, shape, name, device)


def device_name(path: str) -> str:
    """Return ``host`` or ``GPU:0`` from ``/job:localhost/…/device:GPU:0``."""
    last = path.rpartition("device:")[2]
    return HOST if not last or last.startswith("CPU") else last


def _address(tensor: Any) -> object:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    try:
        view = numpy.asarray(memoryview(tensor))
        return ("p", view.__array_interface__["data"][0])
    except Exception:
        return None  # bfloat16 and its like have no buffer interface


def _dtype(enum: int) -> tuple[str, int]:
    """Return name and bytes per element of TensorFlow's ``DataType`` number."""
    known = _dtypes.get(enum)
    if known is None:
        module = sys.modules["tensorflow.python.framework.dtypes"]
        dtype = module.as_dtype(enum)
        width = STRING_BYTES if dtype.name == "string" else int(dtype.size or 0)
        known = _dtypes[enum] = (str(dtype.name), width)
    return known


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for n in shape:
        result *= n
    return result
