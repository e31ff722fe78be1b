"""
Read what TensorFlow's BFC allocator writes on stderr when a request fails.

First the failed request, then bins, chunks by address, a summary by size, totals, an
occupancy bar, and the error itself (``OOM when allocating tensor with shape[…]``). The
wording has changed over the years: bytes were plain numbers, chunks in use were called
"Chunk". A request that the caller can do without is no failure and is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kerascrash.collect.allocator_names import device_of, dtype_name
from kerascrash.collect.log_line import parse_time
from kerascrash.model.trace import AllocatorMap, ChunkGroup
from kerascrash.units import parse_bytes

MOST_MAPS = 64
_MOST_SIZES = 100_000
_SHOWN_SIZES = 16
_LONGEST = 4096
_MARKS = re.compile(
    r"ran out of memory|BFCAllocator dump| at (?:0x)?[0-9a-f]+ of size |Bin \(|memory_limit_"
    r"|Sum Total|OOM when allocating|\[Op:|\{\{node |[*_x]{60}"
    r"|^\s*(?:Limit|InUse|MaxInUse|LargestFreeBlock):"
)
_FAILED = re.compile(
    r"Allocator \((?P<name>[^)]{1,80})\) ran out of memory trying to allocate "
    r"(?P<size>[\d.]+ ?\w*?B)\b(?: \(rounded to (?P<rounded>\d+)\))?"
    r"(?:\s*requested by op (?P<op>\S+))?"
)
_DUMP_OF = re.compile(r"BFCAllocator dump for (?P<name>\S+)")
_CHUNK = re.compile(
    r"\b(?P<state>InUse|Free|Chunk)\s+at (?:0x)?[0-9a-f]+ of size (?P<size>\d+)"
)
_POOL = re.compile(
    r"(?:Total size in pool|total_region_allocated_bytes_): (?P<pool>[\d.]+ ?\w*) "
    r"memory_limit_: (?P<limit>[\d.]+ ?\w*)"
)
_STAT = re.compile(
    r"^\s*(?P<name>Limit|InUse|MaxInUse|LargestFreeBlock):\s+(?P<size>[\d.]+ ?[KMGT]?i?B?)\s*$"
)
_BAR = re.compile(r"(?:^|\s)(?P<bar>[*_x]{60,120})\s*$")
_OOM = re.compile(
    r"(?:__wrapped__(?P<eager>\w+?)_device_\S*\s*)?OOM when allocating tensor with shape\s?"
    r"(?P<shape>\[[\d, ]*\]) and type (?P<dtype>\w+) on (?P<device>\S+) by allocator "
    r"(?P<name>\w+)"
)
_NODE = re.compile(r"\{\{node (?P<node>[^}\s]+)\}\}")
_EAGER = re.compile(r"\[Op:(?P<op>\w+)\]")
_UNIX = re.compile(r"\b(\d{10}\.\d{1,9})\b")
_FEW_BYTES = {"bool", "int8", "uint8"}


@dataclass(slots=True)
class _Draft:
    """A map while its lines come in."""

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


class BfcText:
    """Is fed lines one by one; ``maps`` are the failed requests they told of."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._drafts: list[_Draft] = []

    def add(self, number: int, text: str) -> None:
        """Read one line; anything else than the allocator's words is passed over."""
        text = text[:_LONGEST]
        if not _MARKS.search(text):
            return
        if (found := _FAILED.search(text)) is not None:
            self._begin(found, number, text)
            return
        draft = self._drafts[-1] if self._drafts else None
        for pattern, act in _ACTS:
            if (match := pattern.search(text)) is not None:
                if draft is None and act is not _on_error:
                    return
                if act is _on_error:
                    draft = self._error_draft(match, number, text)
                if draft is not None:
                    act(draft, match)
                return

    def _begin(self, found: re.Match[str], number: int, text: str) -> None:
        if "not a failure" in text or len(self._drafts) >= MOST_MAPS:
            return
        draft = _Draft(found["name"], number)
        size = found["rounded"] or _size(found["size"])
        _put(draft, "requested_bytes", int(size) if size else None)
        _put(draft, "op", found["op"])
        _put(draft, "time", _time(text))
        self._drafts.append(draft)

    def _error_draft(
        self, match: re.Match[str], number: int, text: str
    ) -> _Draft | None:
        """Return the failed request that an error message tells of."""
        for draft in reversed(self._drafts):
            if draft.name == match["name"]:
                same = draft.values.get("shape") in (None, match["shape"])
                if same or not draft.told_error:
                    return draft
                break
        if len(self._drafts) >= MOST_MAPS:
            return None
        draft = _Draft(match["name"], number)
        _put(draft, "time", _time(text))
        _put(draft, "requested_bytes", _tensor_bytes(match["shape"], match["dtype"]))
        self._drafts.append(draft)
        return draft

    def maps(self) -> tuple[AllocatorMap, ...]:
        """Return the failed requests in order: per allocator the last is the whole one."""
        return tuple(_finish(draft, self._source, self._drafts) for draft in self._drafts)


def read_bfc_text(
    lines: Iterable[tuple[int, str]], source: str
) -> tuple[AllocatorMap, ...]:
    """Return the failed requests that numbered lines of output tell of."""
    reader = BfcText(source)
    for number, text in lines:
        reader.add(number, text)
    return reader.maps()


def _on_dump(draft: _Draft, match: re.Match[str]) -> None:
    draft.sizes, draft.free, draft.largest_free, draft.chunks = {}, 0, 0, 0


def _on_chunk(draft: _Draft, match: re.Match[str]) -> None:
    size = int(match["size"][:18])
    draft.has_chunks = True
    draft.chunks += 1
    if match["state"] == "Free":
        draft.free += size
        draft.largest_free = max(draft.largest_free, size)
    elif size in draft.sizes or len(draft.sizes) < _MOST_SIZES:
        draft.sizes[size] = draft.sizes.get(size, 0) + 1


def _on_pool(draft: _Draft, match: re.Match[str]) -> None:
    _put(draft, "pool_bytes", _size(match["pool"]))
    _put(draft, "limit_bytes", _size(match["limit"]))


def _on_stat(draft: _Draft, match: re.Match[str]) -> None:
    keys = {"Limit": "limit_bytes", "InUse": "in_use_bytes", "MaxInUse": "peak_bytes"}
    _put(draft, keys.get(match["name"], "reported_free"), _size(match["size"]))


def _on_bar(draft: _Draft, match: re.Match[str]) -> None:
    draft.bar = match["bar"]


def _on_error(draft: _Draft, match: re.Match[str]) -> None:
    draft.told_error = True
    draft.values["shape"] = match["shape"].replace(" ", "")
    draft.values["dtype"] = dtype_name(match["dtype"])
    draft.values["on"] = match["device"]
    if match["eager"]:
        draft.values.setdefault("op", match["eager"])


def _on_node(draft: _Draft, match: re.Match[str]) -> None:
    if draft.told_error:
        draft.values.setdefault("op", match["node"])


def _on_eager(draft: _Draft, match: re.Match[str]) -> None:
    if draft.told_error and not match["op"].startswith("__inference"):
        draft.values.setdefault("op", match["op"])


_ACTS: tuple[tuple[re.Pattern[str], Callable[[_Draft, re.Match[str]], None]], ...] = (
    (_CHUNK, _on_chunk),
    (_DUMP_OF, _on_dump),
    (_POOL, _on_pool),
    (_STAT, _on_stat),
    (_BAR, _on_bar),
    (_OOM, _on_error),
    (_NODE, _on_node),
    (_EAGER, _on_eager),
)


def _put(draft: _Draft, key: str, value: int | float | str | None) -> None:
    if value is not None and value != "":
        draft.values[key] = value


def _size(text: str) -> int | None:
    try:
        return parse_bytes(text)
    except ValueError:
        return None


def _time(text: str) -> float | None:
    found = _UNIX.search(text[:60])
    return float(found[1]) if found else parse_time(text)


def _tensor_bytes(shape: str, dtype: str) -> int | None:
    """Return the size of a tensor, rounded up to 256 bytes as the allocator does."""
    numbers = [int(n[:18]) for n in re.findall(r"\d+", shape)]
    name = dtype_name(dtype)
    bits = re.search(r"(\d+)$", name)
    width = 1 if name in _FEW_BYTES else int(bits[1]) // 8 if bits else 4
    size = math.prod(numbers) * max(width, 1)
    return -(-size // 256) * 256 if size < 1 << 62 else None


def _finish(draft: _Draft, source: str, drafts: list[_Draft]) -> AllocatorMap:
    values = draft.values

    def number(key: str) -> int | None:
        value = values.get(key)
        return int(value) if isinstance(value, (int, float)) else None

    pool, limit, used = (number(k) for k in ("pool_bytes", "limit_bytes", "in_use_bytes"))
    free = draft.free if draft.has_chunks else None
    if free is None and pool is not None and used is not None:
        free = max(0, pool - used)
    room = max(0, limit - pool) if limit is not None and pool is not None else None
    groups = [ChunkGroup(size, n, size * n) for size, n in draft.sizes.items()]
    groups.sort(key=lambda group: -group.bytes)
    time = values.get("time")
    largest = draft.largest_free if draft.has_chunks else number("reported_free")
    return AllocatorMap(
        allocator=draft.name,
        device=device_of(draft.name),
        source=source,
        time=float(time) if isinstance(time, float) else None,
        line=draft.line,
        op=str(values.get("op", "")),
        shape=str(values.get("shape", "")),
        dtype=str(values.get("dtype", "")),
        requested_bytes=number("requested_bytes"),
        limit_bytes=limit,
        in_use_bytes=used,
        peak_bytes=number("peak_bytes"),
        pool_bytes=pool,
        free_bytes=free,
        unreserved_bytes=room,
        largest_free_bytes=largest,
        chunks=draft.chunks,
        chunks_in_use=sum(draft.sizes.values()),
        by_size=tuple(groups[:_SHOWN_SIZES]),
        fragmentation=1 - largest / free if free and largest is not None else None,
        occupancy=draft.bar,
        count=sum(other.name == draft.name for other in drafts),
    )
