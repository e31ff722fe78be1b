"""What is known of one array-like object."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOST = "host"
MAPPED = "mapped file"
"""Device of memory-mapped arrays: pages the kernel can drop, no anonymous memory."""


class Leaf:
    """
    Bytes and shape of one array; ``key`` is equal for all that share its buffer.

    ``estimated`` says that the bytes are not exact (strings, sizes not known yet),
    ``graph`` that it keeps the computation alive that made it (autograd). ``count`` is
    1, or what its sizer counts of it (steps that a tape has been open for).
    """

    __slots__ = (
        "bytes", "count", "device", "dtype", "estimated", "graph", "key", "shape",
        "type",
    )  # fmt: skip

    def __init__(
        self,
        size: int,
        key: object,
        type_name: str,
        shape: tuple[Any, ...] | None = None,
        dtype: str = "",
        device: str = HOST,
        *,
        estimated: bool = False,
        graph: bool = False,
    ) -> None:
        self.bytes = size
        self.count = 1
        self.key = key
        self.type = type_name
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.estimated = estimated
        self.graph = graph
