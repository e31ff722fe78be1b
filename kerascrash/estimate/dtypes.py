"""How many bytes one element of a dtype takes."""

from __future__ import annotations

_SIZES = {
    "float64": 8, "double": 8, "int64": 8, "uint64": 8, "complex64": 8,
    "complex128": 16, "float32": 4, "float": 4, "int32": 4, "uint32": 4,
    "float16": 2, "bfloat16": 2, "half": 2, "int16": 2, "uint16": 2,
    "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
_NARROWER = {"float64": "float32", "int64": "int32", "complex128": "complex64"}


def dtype_name(dtype: str) -> str:
    """Return the bare name: ``<dtype: 'float32'>`` and ``tf.float32`` are float32."""
    bare = dtype.strip("<>").replace("dtype:", "").strip(" '\"")
    return bare.rsplit(".", 1)[-1]


def dtype_size(dtype: str | None, default: int = 4) -> int:
    """Return bytes per element; ``default`` (float32's) where the name is unknown."""
    return _SIZES.get(dtype_name(dtype or ""), default)


def narrower_dtype(dtype: str) -> str | None:
    """Return the dtype of half the size that training data seldom misses, or None."""
    return _NARROWER.get(dtype_name(dtype))


def elements(shape: object, batch: int = 1) -> int:
    """
    Return the number of elements of a shape as recorded.

    A leading None is the batch; other unknown dimensions count as 1, so the result is
    a lower bound. A list of shapes (a layer with several outputs) is summed.
    """
    if not isinstance(shape, (list, tuple)):
        return 0
    if shape and isinstance(shape[0], (list, tuple)):
        return sum(elements(one, batch) for one in shape)
    count = 1
    for position, size in enumerate(shape):
        if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
            count *= size
        elif position == 0:
            count *= max(batch, 1)
    return count
