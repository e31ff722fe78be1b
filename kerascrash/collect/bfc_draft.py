"""One failed request of a BFC allocator while its lines come in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from kerascrash.collect.allocator_names import device_of, dtype_name
from kerascrash.model.allocator_map import AllocatorMap, ChunkGroup
from kerascrash.units import parse_bytes

_MOST_SIZES = 100_000
_SHOWN_SIZES = 16
_FEW_BYTES = {"bool", "int8", "uint8"}
_ALIGNED = 256  # the allocator rounds every request up to this


@dataclass(slots=True)
class MapDraft:
    """
    A map while its lines come in.

    ``headless``: its begin is lost, so its chunks are only some; their summary by size
    and the totals stand at its end.
    """

    name: str
    line: int
    values: dict[str, int | float | str] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    free: int = 0
    largest_free: int = 0
    chunks: int = 0
    has_chunks: bool = False
    bar: str = ""
    told_error: bool = False
    headless: bool = False

    def put(self, key: str, value: int | float | str | None) -> None:
        """Note a value, unless it is absent."""
        if value is not None and value != "":
            self.values[key] = value

    def number(self, key: str) -> int | None:
        """Return a noted number, None when there is none."""
        value = self.values.get(key)
        return int(value) if isinstance(value, (int, float)) else None

    def add_chunk(self, size: int, *, free: bool) -> None:
        """Count a chunk of the pool."""
        self.has_chunks = not self.headless
        self.chunks += 1
        if free:
            self.free += size
            self.largest_free = max(self.largest_free, size)
        elif self.headless:
            return
        elif size in self.sizes or len(self.sizes) < _MOST_SIZES:
            self.sizes[size] = self.sizes.get(size, 0) + 1

    def add_summary(self, size: int, count: int) -> None:
        """Take the count of the chunks in use of one size, where they were lost."""
        if self.headless and len(self.sizes) < _MOST_SIZES:
            self.sizes[size] = count

    def forget_chunks(self) -> None:
        """Begin the chunks anew: the allocator prints its map again."""
        self.sizes, self.free, self.largest_free, self.chunks = {}, 0, 0, 0

    def finish(self, source: str, count: int) -> AllocatorMap:
        """Return the map; ``count`` requests of its allocator failed in ``source``."""
        pool, limit, used = (
            self.number(k) for k in ("pool_bytes", "limit_bytes", "in_use_bytes")
        )
        if self.sizes:  # exact, where the statistics are rounded
            used = sum(size * n for size, n in self.sizes.items())
        free = self.free if self.has_chunks else None
        if free is None and pool is not None and used is not None:
            free = max(0, pool - used)
        room = max(0, limit - pool) if limit is not None and pool is not None else None
        groups = [ChunkGroup(size, n, size * n) for size, n in self.sizes.items()]
        groups.sort(key=lambda group: -group.bytes)
        time = self.values.get("time")
        largest = self.largest_free if self.chunks else self.number("reported_free")
        return AllocatorMap(
            allocator=self.name,
            device=device_of(self.name),
            source=source,
            time=float(time) if isinstance(time, float) else None,
            line=self.line,
            op=str(self.values.get("op", "")),
            shape=str(self.values.get("shape", "")),
            dtype=str(self.values.get("dtype", "")),
            requested_bytes=self.number("requested_bytes"),
            limit_bytes=limit,
            in_use_bytes=used,
            peak_bytes=max(self.number("peak_bytes") or 0, used or 0) or None,
            pool_bytes=pool,
            free_bytes=free,
            unreserved_bytes=room,
            largest_free_bytes=largest,
            chunks=self.chunks,
            chunks_in_use=sum(self.sizes.values()),
            by_size=tuple(groups[:_SHOWN_SIZES]),
            fragmentation=1 - largest / free if free and largest is not None else None,
            occupancy=self.bar,
            count=count,
        )


def read_size(text: str) -> int | None:
    """Return a size as the allocator words it, None when it is none."""
    try:
        return parse_bytes(text)
    except ValueError:
        return None


def tensor_bytes(shape: str, dtype: str) -> int | None:
    """Return the size of a tensor, rounded up to 256 bytes as the allocator does."""
    numbers = [int(n[:18]) for n in re.findall(r"\d+", shape)]
    name = dtype_name(dtype)
    bits = re.search(r"(\d+)$", name)
    width = 1 if name in _FEW_BYTES else int(bits[1]) // 8 if bits else 4
    size = math.prod(numbers) * max(width, 1)
    return -(-size // _ALIGNED) * _ALIGNED if size < 1 << 62 else None
