"""
Walk protobuf by its wire format: tags and lengths only, nothing is decoded.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Readable(Protocol):
        """Bytes at offsets; see source.Source."""

        def window(self, at: int, /) -> tuple[bytes, int]:
            """Return a block that holds ``at`` and the offset of its first byte."""
            ...

        def cut(self, start: int, end: int) -> bytes:
            """Return the bytes from ``start`` to ``end``."""
            ...


VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class WireError(Exception):
    """The bytes at ``offset`` are no field; ``cut`` if they only end too early."""

    def __init__(self, offset: int, *, cut: bool) -> None:
        super().__init__(f"no protobuf field at byte {offset}")
        self.offset = offset
        self.cut = cut


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return (value, position after it); raises IndexError or ValueError."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift, last = byte & 0x7F, 7, at + _LONGEST_VARINT
    while byte >= 0x80:
        at += 1
        if at >= last:
            raise ValueError("varint of more than ten bytes")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, at + 1


def walk(source: Readable, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """
    Yield (field number, begin of the field, begin of its value, end of the value).

    Raises WireError where the fields end to make sense; those before it were yielded,
    the last with its end beyond ``end`` when it runs over.
    """
    at = start
    while at < end:
        data, base = source.window(at)
        try:
            tag, body = read_varint(data, at - base)
            kind, number = tag & 7, tag >> 3
            if kind == LENGTH:
                length, body = read_varint(data, body)
            elif kind == VARINT:
                length = read_varint(data, body)[1] - body
            else:
                length = {FIXED64: 8, FIXED32: 4}[kind]
        except IndexError:
            raise WireError(at, cut=True) from None
        except (ValueError, KeyError):
            raise WireError(at, cut=False) from None
        body += base
        if number == 0:
            raise WireError(at, cut=False)
        if body + length > end:
            yield number, at, body, body + length
            raise WireError(at, cut=True)
        yield number, at, body, body + length
        at = body + length
