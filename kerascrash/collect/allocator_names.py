"""What the name of an allocator tells of the memory that it hands out."""

from __future__ import annotations

import re

_GPU = re.compile(r"^(?:GPU|gpu|DML)_(?:[a-z]+_)?(\d+)(?:_|$)")
_OF_HOST = re.compile(r"cpu|host|mkl", re.IGNORECASE)
_DTYPES = {
    "float": "float32",
    "half": "float16",
    "double": "float64",
}


def device_of(allocator: str, kind: str = "TPU") -> str:
    """
    Return whose memory an allocator hands out: ``GPU:0``, ``TPU:1``, ``host``.

    A mere number is the index of a device of that ``kind``.
    ``bfc_cpu_allocator_for_gpu`` and ``gpu_host_bfc`` hand out memory of the host,
    whatever their names suggest.
    """
    if _OF_HOST.search(allocator):
        return "host"
    if found := _GPU.match(allocator):
        return f"GPU:{found[1]}"
    if allocator.isdigit():
        return f"{kind}:{allocator}"
    low = allocator.lower()
    return "GPU" if "gpu" in low or "cuda" in low else "device"


def dtype_name(name: str) -> str:
    """Return TensorFlow's short name of a type as NumPy calls it."""
    return _DTYPES.get(name, name)
