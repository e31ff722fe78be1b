"""
One tf.data operation: its name as written, its buffer, and what it will hold.

Read are attributes that TensorFlow keeps in Python and scalars that are constants of
the program; nothing is iterated. Sizes follow from ``element_spec``: where a dimension
is not known, neither are the bytes.
"""

from __future__ import annotations

import re

from kerascrash.record.data_facts import dtype_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = {
    "tensor_slice": "from_tensor_slices", "tensor": "from_tensors",
    "parallel_map": "map", "parallel_batch": "batch", "parallel_interleave":
    "interleave", "memory_cache": "cache", "ragged_batch": "ragged_batch",
    "flat_map": "flat_map", "options": "", "dataset_v1_adapter": "", "variant": "",
}  # fmt: skip
_BUFFERED = ("shuffle", "prefetch")
_BATCHED = ("batch", "padded_batch")
_KEEPS_COUNT = frozenset({"map", "shuffle", "cache", "prefetch", "enumerate", ""})
_DEPTH = 4


def op_name(class_name: str) -> str:
    """Return ``shuffle`` for ``_ShuffleDataset``; empty for what is only a wrapper."""
    plain = class_name.strip("_").removesuffix("V2").removesuffix("V1")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain.removesuffix("Dataset")).lower()
    return _NAMES.get(words, words)


def inputs_of(dataset: Any) -> list[Any]:
    """Return the data sets that TensorFlow's own data set reads from."""
    if not type(dataset).__module__.startswith("tensorflow."):
        return []
    one = getattr(dataset, "_input_dataset", None)
    several = getattr(dataset, "_input_datasets", None)
    if several is None and one is not None:
        return [one]
    if several is None:
        several = dataset._inputs()  # noqa: SLF001 - what tf.data itself walks by
    return list(several)[:8] if isinstance(several, (list, tuple)) else []


def describe_op(dataset: Any, before: dict[str, Any] | None) -> dict[str, Any]:
    """Return the op's entry; ``before`` is that of the data set it reads from."""
    op = op_name(type(dataset).__name__)
    batch = _scalar(dataset, "_batch_size") if op in _BATCHED else None
    outer = batch or (before or {}).get("batch")
    entry: dict[str, Any] = {
        "op": op,
        "class": type(dataset).__name__,
        "buffer": _scalar(dataset, "_buffer_size") if op in _BUFFERED else batch,
        "batch": outer if op != "unbatch" else None,
        "element_bytes": (before or {}).get("out_bytes"),
        "out_bytes": _element_bytes(dataset, outer),
        "count": _count(dataset, op, before, batch),
        "bytes": None,
        "workers": None,
    }
    entry["bytes"] = _held(dataset, op, entry)
    return entry


def _held(dataset: Any, op: str, entry: dict[str, Any]) -> int | None:
    """Return what the op holds when it is full; 0 for one that holds next to none."""
    each, count, buffer = entry["out_bytes"], entry["count"], entry["buffer"]
    if op in _BUFFERED:
        if buffer is None or buffer < 0 or each is None:  # -1: TensorFlow chooses
            return None
        return int(each * min(buffer, buffer if count is None else count))
    if op == "cache":
        if _text(dataset, "_filename"):
            return 0
        return None if each is None or count is None else int(each * count)
    if op in ("from_tensor_slices", "from_tensors"):
        tensors = getattr(dataset, "_tensors", None) or ()
        sizes = [_tensor_bytes(one, None) for one in list(tensors)[:64]]
        return sum(size or 0 for size in sizes)
    return 0


def _count(
    dataset: Any, op: str, before: dict[str, Any] | None, batch: int | None
) -> int | None:
    known = (before or {}).get("count")
    if op == "from_tensor_slices":
        tensors = getattr(dataset, "_tensors", None) or (None,)
        shape = _shape(tensors[0])
        return shape[0] if shape else None
    if op == "range":
        start, stop = _scalar(dataset, "_start"), _scalar(dataset, "_stop")
        step = _scalar(dataset, "_step") or 1
        return None if start is None or stop is None else max(0, (stop - start) // step)
    if op in _KEEPS_COUNT:
        return known
    if op in _BATCHED and known is not None and batch:
        return int(-(-known // batch))
    times = _scalar(dataset, "_count") if op in ("repeat", "take") else None
    if op == "take" and times is not None and times >= 0:
        return times if known is None else min(known, times)
    if op == "repeat" and known is not None and times is not None and times >= 0:
        return int(known * times)
    return None


def _element_bytes(dataset: Any, batch: int | None) -> int | None:
    parts: list[Any] = []
    _flatten(dataset.element_spec, parts, _DEPTH)
    sizes = [_tensor_bytes(one, batch) for one in parts]
    return None if not sizes or None in sizes else sum(size or 0 for size in sizes)


def _flatten(spec: Any, parts: list[Any], depth: int) -> None:
    if isinstance(spec, dict) and depth:
        spec = list(spec.values())
    if isinstance(spec, (tuple, list)) and depth:
        for one in spec:
            _flatten(one, parts, depth - 1)
    elif spec is not None:
        parts.append(spec)


def _tensor_bytes(spec: Any, batch: int | None) -> int | None:
    """Return the bytes of a tensor or of its specification, None if not known."""
    shape = _shape(spec)
    dtype = getattr(getattr(spec, "dtype", None), "name", None)
    if shape is None or dtype is None:
        return None
    if shape[:1] == [None] and batch:
        shape = [batch, *shape[1:]]
    size = dtype_width(dtype)
    for n in shape:
        if n is None:
            return None
        size *= n
    return size


def _shape(spec: Any) -> list[Any] | None:
    shape = getattr(spec, "shape", None)
    if shape is None or getattr(shape, "rank", None) is None:
        return None
    return list(shape.as_list())


def _scalar(dataset: Any, name: str) -> int | None:
    """Return a constant of the program as a number; a symbolic one has no value."""
    tensor: Any = getattr(dataset, name, None)
    return int(tensor) if type(tensor).__name__ == "EagerTensor" else None


def _text(dataset: Any, name: str) -> str:
    tensor: Any = getattr(dataset, name, None)
    if type(tensor).__name__ != "EagerTensor":
        return ""
    value = tensor.numpy()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
