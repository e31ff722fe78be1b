"""
Read what TensorFlow's BFC allocator writes on stderr when a request fails.

First the failed request, then bins, chunks by address, a summary by size, totals, an
occupancy bar, and the error itself (``OOM when allocating tensor with shape[…]``). The
wording has changed over the years: bytes were plain numbers, chunks in use were called
"Chunk". A request that the caller can do without is no failure and is passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from kerascrash.collect.allocator_names import dtype_name
from kerascrash.collect.bfc_draft import MapDraft, read_size, tensor_bytes
from kerascrash.collect.log_line import parse_time
from kerascrash.model.allocator_map import AllocatorMap

MOST_MAPS = 64
_LONGEST = 4096
_MARKS = re.compile(
    r"ran out of memory|BFCAllocator dump| at (?:0x)?[0-9a-f]+ of size |memory_limit_"
    r"|OOM when allocating|Chunks of size \d|\[Op:|\{\{node |[*_x]{60}"
    r"|(?:^|\s)(?:Limit|InUse|MaxInUse|LargestFreeBlock):"
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
_SUMMARY = re.compile(
    r"\b(?P<count>\d+) Chunks of size (?P<size>\d+) totalling (?P<total>[\d.]+ ?\w*)"
)
_POOL = re.compile(
    r"(?:Total size in pool|total_region_allocated_bytes_): (?P<pool>[\d.]+ ?\w*) "
    r"memory_limit_: (?P<limit>[\d.]+ ?\w*)"
)
_STAT = re.compile(
    r"(?:^|\s)(?P<name>Limit|InUse|MaxInUse|LargestFreeBlock):\s+"
    r"(?P<size>[\d.]+ ?[KMGT]?i?B?)\s*$"
)
_BAR = re.compile(r"(?:^|\s)(?P<bar>[*_x]{60,120})\s*$")
_OOM = re.compile(
    r"(?:__wrapped__(?P<eager>\w+?)_device_\S*\s*)?"
    r"OOM when allocating tensor with shape\s?(?P<shape>\[[\d, ]*\]) and type "
    r"(?P<dtype>\w+) on (?P<device>\S+) by allocator "
    r"(?P<name>\w+)"
)
_NODE = re.compile(r"\{\{node (?P<node>[^}\s]+)\}\}")
_EAGER = re.compile(r"\[Op:(?P<op>\w+)\]")
_OUTPUTS = re.compile(r"_N_\d+$")  # an op with that many outputs or inputs
_UNIX = re.compile(r"\b(\d{10}\.\d{1,9})\b")


class BfcText:
    """Is fed lines one by one; ``maps`` are the failed requests they told of."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._drafts: list[MapDraft] = []
        # The end of a map whose begin is lost: of a long one only the tail was kept.
        self._headless = MapDraft("", 0, headless=True)

    def add(self, number: int, text: str) -> None:
        """Read one line; anything else than the allocator's words is passed over."""
        text = text[:_LONGEST]
        if not _MARKS.search(text):
            return
        if (found := _FAILED.search(text)) is not None:
            self._begin(found, number, text)
            return
        draft: MapDraft | None = self._drafts[-1] if self._drafts else self._headless
        for pattern, act in _ACTS:
            if (match := pattern.search(text)) is not None:
                if act is _on_error:
                    draft = self._error_draft(match, number, text)
                if draft is not None:
                    act(draft, match)
                return

    def _begin(self, found: re.Match[str], number: int, text: str) -> None:
        if "not a failure" in text or len(self._drafts) >= MOST_MAPS:
            return
        draft = MapDraft(found["name"], number)
        size = found["rounded"] or read_size(found["size"])
        draft.put("requested_bytes", int(size) if size else None)
        draft.put("op", found["op"])
        draft.put("time", _time(text))
        self._drafts.append(draft)

    def _error_draft(
        self, match: re.Match[str], number: int, text: str
    ) -> MapDraft | None:
        """Return the failed request that an error message tells of."""
        for draft in reversed(self._drafts):
            if draft.name == match["name"]:
                same = draft.values.get("shape") in (None, match["shape"])
                if same or not draft.told_error:
                    return draft
                break
        if len(self._drafts) >= MOST_MAPS:
            return None
        draft = MapDraft(match["name"], number)
        if not self._drafts:
            draft = self._headless
            draft.name, draft.line = match["name"], number
        draft.put("time", _time(text))
        draft.put("requested_bytes", tensor_bytes(match["shape"], match["dtype"]))
        self._drafts.append(draft)
        return draft

    def maps(self) -> tuple[AllocatorMap, ...]:
        """Return the failed requests in the order of the lines."""
        count = Counter(draft.name for draft in self._drafts)
        return tuple(
            draft.finish(self._source, count[draft.name]) for draft in self._drafts
        )


def read_bfc_text(
    lines: Iterable[tuple[int, str]], source: str
) -> tuple[AllocatorMap, ...]:
    """Return the failed requests that numbered lines of output tell of."""
    reader = BfcText(source)
    for number, text in lines:
        reader.add(number, text)
    return reader.maps()


def _on_dump(draft: MapDraft, _match: re.Match[str]) -> None:
    draft.forget_chunks()


def _on_chunk(draft: MapDraft, match: re.Match[str]) -> None:
    draft.add_chunk(int(match["size"][:18]), free=match["state"] == "Free")


def _on_summary(draft: MapDraft, match: re.Match[str]) -> None:
    draft.add_summary(int(match["size"][:18]), int(match["count"][:9]))


def _on_pool(draft: MapDraft, match: re.Match[str]) -> None:
    draft.put("pool_bytes", read_size(match["pool"]))
    draft.put("limit_bytes", read_size(match["limit"]))


def _on_stat(draft: MapDraft, match: re.Match[str]) -> None:
    keys = {"Limit": "limit_bytes", "InUse": "in_use_bytes", "MaxInUse": "peak_bytes"}
    draft.put(keys.get(match["name"], "reported_free"), read_size(match["size"]))


def _on_bar(draft: MapDraft, match: re.Match[str]) -> None:
    draft.bar = match["bar"]


def _on_error(draft: MapDraft, match: re.Match[str]) -> None:
    draft.told_error = True
    draft.values["shape"] = match["shape"].replace(" ", "")
    draft.values["dtype"] = dtype_name(match["dtype"])
    draft.values["on"] = match["device"]
    if match["eager"]:
        draft.values.setdefault("op", _OUTPUTS.sub("", match["eager"]))


def _on_node(draft: MapDraft, match: re.Match[str]) -> None:
    if draft.told_error:
        draft.values.setdefault("op", match["node"])


def _on_eager(draft: MapDraft, match: re.Match[str]) -> None:
    if draft.told_error and not match["op"].startswith("__inference"):
        draft.values.setdefault("op", match["op"])


_ACTS: tuple[tuple[re.Pattern[str], Callable[[MapDraft, re.Match[str]], None]], ...] = (
    (_CHUNK, _on_chunk),
    (_SUMMARY, _on_summary),
    (_DUMP_OF, _on_dump),
    (_POOL, _on_pool),
    (_STAT, _on_stat),
    (_BAR, _on_bar),
    (_OOM, _on_error),
    (_NODE, _on_node),
    (_EAGER, _on_eager),
)


def _time(text: str) -> float | None:
    found = _UNIX.search(text[:60])
    return float(found[1]) if found else parse_time(text)
