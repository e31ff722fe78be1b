"""
Read the events of a line, in pieces that never take much memory.

A slice of a line that begins and ends between two events is itself a valid line, so a
long line is parsed slice by slice. In a large file only the events that matter are
decoded; the others are passed over by their length.
"""

from __future__ import annotations

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import message, parse
from kerascrash.collect.xplane.skim import skim
from kerascrash.collect.xplane.wire import WireError, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Any

    from kerascrash.collect.xplane.wire import Readable

_TAG = b"\x22"  # of an event
_LINE = "LineOfColumns"
_LINE_FIELDS = {1, 2, 3, 4, 9, 10, 11, 12}
_SLICE = 128 << 10  # decoded, statistics take ten times as much


class LineHead:
    """What a line says of itself; ``begin_ps`` is added to each event's offset."""

    def __init__(self, line: Any = None) -> None:
        self.name = as_text(line.display_name or line.name) if line else ""
        self.begin_ps: int = line.timestamp_ns * 1000 if line else 0


class Piece:
    """
    Events of one line, their statistics as columns (see ``schema``).

    ``skipped`` are those passed over, ``bad`` those that could not be decoded.
    """

    def __init__(
        self, head: LineHead, line: Any, encoded: bytes, skipped: int = 0, bad: int = 0
    ) -> None:
        self.head = head
        self.events: Sequence[Any] = line.events
        self.skipped = skipped
        self.bad = bad
        self._encoded = encoded
        self._exact: Any = None

    def exact(self) -> Sequence[Any]:
        """Return the same events once more, with a message for each statistic."""
        if self._exact is None:
            self._exact = parse("Line", self._encoded)
        return self._exact.events if self._exact else ()


def read_line(
    source: Readable, start: int, end: int, wanted: Collection[int] | None
) -> Iterator[Piece]:
    """
    Yield the events of a line; ``wanted`` are metadata ids, None for all of them.

    Raises WireError where the line is damaged; pieces before it were yielded.
    """
    if end - start <= _SLICE:
        encoded = source.cut(start, end)
        line = parse(_LINE, encoded)
        if line is not None:
            yield Piece(LineHead(line), line, encoded)
            return
    held, error = _Pieces(), None
    try:
        for fields, skipped in _fields(source, start, end, wanted):
            held.skipped += skipped
            if held.add(fields):
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


class Held:
    """Bytes in memory, readable like a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def window(self, _at: int, /) -> tuple[bytes, int]:
        return self._data, 0

    def cut(self, start: int, end: int) -> bytes:
        return self._data[start:end]


class _Pieces:
    """Fields of a line that wait to be decoded together."""

    def __init__(self) -> None:
        self.head = LineHead()
        self.fields: list[bytes] = []
        self.size = 0
        self.skipped = 0

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
    bad, encoded = 0, b"".join(held)
    line = parse(_LINE, encoded)
    if line is None:
        good: list[bytes] = []
        for one in _fields_of(held):
            if parse(_LINE, one) is None:
                bad += 1
            else:
                good.append(one)
        encoded = b"".join(good)
        line = parse(_LINE, encoded) or message(_LINE)
    found = LineHead(line)
    if found.begin_ps:
        head.begin_ps = found.begin_ps
    head.name = found.name or head.name
    return Piece(head, line, encoded, skipped, bad)


def _fields_of(held: list[bytes]) -> Iterator[bytes]:
    """Yield the fields one by one: some came in runs of many."""
    for run in held:
        try:
            for _, begin, _, end in walk(Held(run), 0, len(run)):
                yield run[begin:end]
        except WireError as error:
            yield run[error.offset :]


def parse_events(encoded: list[bytes]) -> Piece:
    """Return the events in bytes, each without its tag."""
    fields = [b"".join((_TAG, _varint(len(one)), one)) for one in encoded]
    return _piece(fields, LineHead(), 0)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
