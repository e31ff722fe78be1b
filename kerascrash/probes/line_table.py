"""
Line numbers of CPython's code objects, from the bytes of ``co_linetable``.

The formats are described in CPython's ``Objects/lnotab_notes.txt`` (3.10, PEP 626)
and ``Objects/locations.md`` (3.11 and later).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LINE_310 = 0x80
_NO_COLUMNS, _LONG, _NO_LINE = 13, 14, 15
_UNIT = 2
"""Bytes of an instruction."""


def find_line(table: bytes, first: int, last: int, *, old: bool) -> int:
    """
    Return the line of the instruction at byte ``last``, 0 where it has none.

    ``first`` is ``co_firstlineno``; ``old``: the table is of Python 3.10.
    """
    if last < 0:
        return first
    begin = 0
    for size, line in (_rows_310 if old else _rows_311)(table, first):
        if begin <= last < begin + size:
            return line
        begin += size
    return 0


def _rows_310(table: bytes, line: int) -> Iterator[tuple[int, int]]:
    for size, delta in zip(table[::2], table[1::2], strict=False):
        if delta == _NO_LINE_310:
            yield size, 0
            continue
        line += delta - 256 if delta > _NO_LINE_310 else delta
        yield size, line


def _rows_311(table: bytes, line: int) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(table):
        head = table[at]
        kind, size = head >> 3 & 15, ((head & 7) + 1) * _UNIT
        if kind in (_NO_COLUMNS, _LONG):
            line += _signed(table, at + 1)
        elif 10 <= kind < _NO_COLUMNS:
            line += kind - 10
        yield size, 0 if kind == _NO_LINE else line
        at += 1
        while at < len(table) and not table[at] & 0x80:  # only a row begins with it
            at += 1


def _signed(table: bytes, at: int) -> int:
    value = shift = 0
    for byte in table[at : at + 6]:
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return -(value >> 1) if value & 1 else value >> 1
