"""What an allocation that was refused had asked for, from the exception's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.dtypes import dtype_size, elements
from kerascrash.model.case import Mark, Recording
from kerascrash.units import parse_bytes

_REFUSED = re.compile(
    r"Unable to allocate (?P<size>[\d.]{1,12} [KMGTP]?i?B) for an array with shape "
    r"(?P<shape>\([^)]*\)) and data type (?P<dtype>\w+)"
)

_TENSOR_REFUSED = re.compile(
    r"OOM when allocating tensor with shape ?\[(?P<shape>[\d,]{1,200})\] and type "
    r"(?P<dtype>\w+)"
)
_PLAIN = {"float": "float32", "double": "float64", "half": "float16"}
_MOST_BYTES = 1 << 62


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal by NumPy or TensorFlow: bytes, shape in words, dtype, and when."""

    bytes: int
    shape: str
    dtype: str
    mark: Mark


def refusal_in(recording: Recording) -> Refusal | None:
    """Return the last array or tensor that was refused, None if there was none."""
    for mark in reversed(recording.marks):
        if mark.kind != "exception":
            continue
        message = str(mark.data.get("message") or "")
        tensor = _tensor_in(message, mark)
        if tensor is not None:
            return tensor
        match = _REFUSED.search(message)
        if match is not None:
            try:
                size = parse_bytes(match["size"])
            except ValueError:
                continue
            return Refusal(size, match["shape"], match["dtype"], mark)
    return None


def _tensor_in(message: str, mark: Mark) -> Refusal | None:
    """Return TensorFlow's refusal; it names shape and dtype, not the bytes."""
    match = _TENSOR_REFUSED.search(message)
    if match is None:
        return None
    shape = [int(n[:18]) for n in match["shape"].split(",") if n]
    dtype = _PLAIN.get(match["dtype"], match["dtype"])
    size = elements(shape) * dtype_size(dtype)
    said = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    return Refusal(size, said, dtype, mark) if size < _MOST_BYTES else None
