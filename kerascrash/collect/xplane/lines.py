"""
Read the events of a line, in pieces that never take much memory.

A slice of a line that begins and ends between two events is itself a valid line, so a
long line is parsed slice by slice. In a large file only the events that matter are
decoded; the others are passed over by their length.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.wire import Readable, WireError, read_varint, walk

_EVENTS = 4
_EVENT_TAG = b"\x22"
_METADATA_TAG = 0x08
_LINE_FIELDS = {1, 2, 3, 4, 9, 10, 11, 12}
_SLICE = 2 << 20


@dataclass(slots=True)
class LineHead:
    """What a line says of itself; ``begin_ps`` is added to each event's offset."""

    name: str = ""
    begin_ps: int = 0


@dataclass(slots=True)
class Piece:
    """Events of one line; ``bad`` counts those of it that could not be decoded."""

    head: LineHead
    events: Any
    skipped: int = 0
    bad: int = 0


def read_line(
    source: Readable, start: int, end: int, wanted: Collection[int] | None
) -> Iterator[Piece]:
    """
    Yield the events of a line; ``wanted`` are metadata ids, None for all of them.

    Raises WireError where the line is damaged; pieces before it were yielded.
    """
    if isinstance(source, Held):
        line = parse("Line", source.data)
        if line is not None:
            yield Piece(_head(line), line.events)
            return
    head, skipped, size = LineHead(), 0, 0
    held: list[bytes] = []
    error: WireError | None = None
    try:
        for number, at, body, stop in walk(source, start, end):
            if number not in _LINE_FIELDS:
                raise WireError(at, cut=False)
            if stop > end:
                continue  # walk says so next
            if number != _EVENTS:
                held.append(source.cut(at, stop))
                continue
            if wanted is not None and _metadata_id(source, body, stop) not in wanted:
                skipped += 1
                continue
            held.append(source.cut(at, stop))
            size += stop - at
            if size >= _SLICE:
                yield _piece(held, head, skipped)
                held, size, skipped = [], 0, 0
    except WireError as found:
        error = found
    if held or skipped:
        yield _piece(held, head, skipped)
    if error is not None:
        raise error


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory, readable like a file."""

    data: bytes

    def window(self, at: int) -> tuple[bytes, int]:
        return self.data, 0

    def cut(self, start: int, end: int) -> bytes:
        return self.data[start:end]


def _piece(held: list[bytes], head: LineHead, skipped: int) -> Piece:
    """Decode held fields; where one is bad, each by itself."""
    bad = 0
    line = parse("Line", b"".join(held))
    if line is None:
        line = parse("Line", b"")
        for one in held:
            part = parse("Line", one)
            if part is None:
                bad += 1
            else:
                line.MergeFrom(part)
    found = _head(line)
    if found.begin_ps:
        head.begin_ps = found.begin_ps
    head.name = found.name or head.name
    return Piece(head, line.events, skipped, bad)


def _head(line: Any) -> LineHead:
    return LineHead(as_text(line.display_name or line.name), line.timestamp_ns * 1000)


def _metadata_id(source: Readable, start: int, end: int) -> int | None:
    """Return the metadata id of an encoded event; writers put it first."""
    data, base = source.window(start)
    if start >= end or data[start - base] != _METADATA_TAG:
        return 0
    try:
        return read_varint(data, start - base + 1)[0]
    except (IndexError, ValueError):
        return None
