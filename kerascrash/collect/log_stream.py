"""Bytes of a log, piece by piece: plain, packed, UTF-16; never more at once."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from typing import IO

from kerascrash.collect.log_packed import unpack

PIECE = 1 << 20
_DEVICE_BYTES = 64 << 20  # of a device that does not end
_RECORD = 1 << 16  # /dev/kmsg gives one record a read, and refuses a small buffer
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def open_log(path: str | os.PathLike[str]) -> tuple[IO[bytes], int | None]:
    """
    Return the stream of a log and its size in bytes, None if that is not known.

    Of a device (/dev/kmsg) what is there now is read: it has no end. Raises OSError
    (folders and devices that cannot be read included).
    """
    if stat.S_ISCHR(os.stat(path).st_mode):
        return io.BytesIO(_read_device(path)), None
    raw = open(path, "rb")  # noqa: SIM115 - the caller closes it
    size = os.fstat(raw.fileno()).st_size
    try:
        stream, packed = unpack(raw)
    except OSError:
        raw.close()
        raise
    return stream, None if packed else size or None


def _read_device(path: str | os.PathLike[str]) -> bytes:
    pieces: list[bytes] = []
    left = _DEVICE_BYTES
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        while left > 0:
            try:
                piece = os.read(fd, _RECORD)
            except BrokenPipeError:  # /dev/kmsg: overtaken by new lines
                continue
            except BlockingIOError:
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(fd)
    return b"".join(pieces)


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
