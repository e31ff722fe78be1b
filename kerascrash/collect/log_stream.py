"""Bytes of a log, piece by piece: plain, gzip, UTF-16; never more at once."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Iterator
from typing import IO, cast

PIECE = 1 << 20
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def open_log(path: str | os.PathLike[str]) -> tuple[IO[bytes], int | None]:
    """
    Return the stream of a log and its size in bytes, None if that is not known.

    Raises OSError (folders and devices that cannot be read included).
    """
    raw = open(path, "rb")  # noqa: SIM115 - the caller closes it
    size = os.fstat(raw.fileno()).st_size
    if raw.peek(2)[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)), None
    return raw, size or None


def read_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """
    Yield the stream as UTF-8 or what passes for it, in pieces of about PIECE bytes.

    A compressed stream that is cut off or damaged ends where it can be read no more.
    """
    first = _read(stream)
    encoding = _BOMS.get(first[:2]) or _guess(first)
    if encoding is None:
        while first:
            yield first
            first = _read(stream)
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while first:
        yield decoder.decode(first).encode("utf-8", "replace")
        first = _read(stream)


def _read(stream: IO[bytes]) -> bytes:
    try:
        # read1 gives what could be unpacked before a damaged place; read gives nothing.
        piece: bytes = getattr(stream, "read1", stream.read)(PIECE)
        return piece
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""


def _guess(head: bytes) -> str | None:
    """PowerShell redirects as UTF-16, even without a mark: each second byte is 0."""
    sample = head[:2000]
    if len(sample) < 20:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) / 2
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.1 * half else None
