"""
Read the events of a line, in pieces that never take much memory.

A slice of a line that begins and ends between two events is itself a valid line, so a
long line is parsed slice by slice. In a large file only the events that matter are
decoded; the others are passed over by their length.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.skim import skim
from kerascrash.collect.xplane.wire import Readable, WireError, walk

_TAG = b"\x22"  # of an event
_LINE_FIELDS = {1, 2, 3, 4, 9, 10, 11, 12}
_SLICE = 256 << 10  # decoded, statistics take ten times as much


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
    if end - start <= _SLICE:
        line = parse("Line", source.cut(start, end))
        if line is not None:
            yield Piece(_head(line), line.events)
            return
    held, error = _Pieces(), None
    try:
        for encoded, skipped in _fields(source, start, end, wanted):
            held.skipped += skipped
            if held.add(encoded):
                yield held.take()
    except WireError as found:
        error = found
    yield held.take()
    if error is not None:
        raise error


def _fields(
    source: Readable, start: int, end: int, wanted: Collection[int] | None
) -> Iterator[tuple[list[bytes], int]]:
    """Yield fields that are to be decoded, and how many were passed over."""
    at = start
    while at < end:
        data, base = source.window(at)
        last = min(end, at + _SLICE)
        kept, skipped, stop = skim(data, at - base, last - base, wanted)
        at = base + stop
        yield kept, skipped
        for number, begin, _, stop in walk(source, at, end):
            if number not in _LINE_FIELDS:
                raise WireError(begin, cut=False)
            if stop <= end:
                yield [source.cut(begin, stop)], 0
                at = stop
                break


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory, readable like a file."""

    data: bytes

    def window(self, _at: int, /) -> tuple[bytes, int]:
        return self.data, 0

    def cut(self, start: int, end: int) -> bytes:
        return self.data[start:end]


@dataclass(slots=True)
class _Pieces:
    """Fields of a line that wait to be decoded together."""

    head: LineHead = field(default_factory=LineHead)
    fields: list[bytes] = field(default_factory=list)
    size: int = 0
    skipped: int = 0

    def add(self, more: list[bytes]) -> bool:
        """Take fields; return whether they are enough."""
        self.fields += more
        self.size += sum(map(len, more))
        return self.size >= _SLICE

    def take(self) -> Piece:
        """Return what waits, decoded, and begin anew."""
        piece = _piece(self.fields, self.head, self.skipped)
        self.fields, self.size, self.skipped = [], 0, 0
        return piece


def _piece(held: list[bytes], head: LineHead, skipped: int) -> Piece:
    """Decode held fields; where one is bad, each by itself."""
    bad = 0
    line = parse("Line", b"".join(held))
    if line is None:
        line = parse("Line", b"")
        for one in _fields_of(held):
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


def _fields_of(held: list[bytes]) -> Iterator[bytes]:
    """Yield the fields one by one: some came in runs of many."""
    for run in held:
        try:
            for _, begin, _, end in walk(Held(run), 0, len(run)):
                yield run[begin:end]
        except WireError as error:
            yield run[error.offset :]


def parse_events(encoded: list[bytes]) -> tuple[list[Any], int]:
    """Return the events in bytes, each without its tag, and how many were none."""
    fields = [b"".join((_TAG, _varint(len(one)), one)) for one in encoded]
    piece = _piece(fields, LineHead(), 0)
    return list(piece.events), piece.bad


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _head(line: Any) -> LineHead:
    return LineHead(as_text(line.display_name or line.name), line.timestamp_ns * 1000)
