"""What a pool allocator wrote of itself when it could not serve a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkGroup:
    """Chunks of one size in an allocator's map."""

    size: int
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AllocatorMap:
    """
    A BFC allocator at a failed request: from its dump on stderr, the text of an error,
    or a MemoryDump file.

    ``free_bytes`` is free inside the pool, ``unreserved_bytes`` what it could still
    have taken from the device under its limit; None where the source does not say.
    ``requested_bytes`` is rounded up as the allocator does; None in a MemoryDump.
    ``op`` is a node's path in a graph (with ``/``) or the name of an eager op.
    ``count`` is how many failed requests of this allocator the source tells of.
    """

    allocator: str
    device: str
    source: str
    time: float | None = None
    line: int | None = None
    op: str = ""
    shape: str = ""
    dtype: str = ""
    requested_bytes: int | None = None
    limit_bytes: int | None = None
    in_use_bytes: int | None = None
    peak_bytes: int | None = None
    pool_bytes: int | None = None
    free_bytes: int | None = None
    unreserved_bytes: int | None = None
    largest_free_bytes: int | None = None
    chunks: int = 0
    chunks_in_use: int = 0
    by_size: tuple[ChunkGroup, ...] = ()
    fragmentation: float | None = None
    occupancy: str = ""
    count: int = 1
