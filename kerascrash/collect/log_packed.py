"""
Unpack a log while it is read: gzip, xz, bzip2, told by their first bytes.

What only another tool can open is an OSError whose message names that tool.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import IO, Any, cast

_MEMORY = 100 << 20  # bytes: what `xz -9` needs is 65 MiB; a forged header asks for GiB
_CHUNK = 1 << 16
_ELSEWHERE = {
    b"\x28\xb5\x2f\xfd": "packed with zstd: zstdcat FILE | kerascrash explain",
    b"LPKSHHRH": "a journal file: journalctl --file FILE | kerascrash explain",
}


def unpack(stream: IO[bytes]) -> tuple[IO[bytes], bool]:
    """
    Return the stream of the plain text, and whether it had been packed.

    Raises OSError for a format that is not read here.
    """
    peek = getattr(stream, "peek", None)
    head = bytes(peek(8)[:8]) if peek is not None else b""
    for magic, advice in _ELSEWHERE.items():
        if head.startswith(magic):
            raise OSError(0, advice)
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), True
    if head.startswith(b"\xfd7zXZ\x00"):
        return cast("IO[bytes]", _Unpacker(stream, _new_xz)), True
    if head.startswith(b"BZh"):
        return cast("IO[bytes]", _Unpacker(stream, bz2.BZ2Decompressor)), True
    return stream, False


def _new_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_MEMORY)


class _Unpacker:
    """Unpack streams one after the other; what is damaged ends the text."""

    def __init__(self, source: IO[bytes], make: Callable[[], Any]) -> None:
        self._source, self._make = source, make
        self._unpacker = make()
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, b"" at the end or where it is damaged."""
        try:
            while True:
                if self._unpacker.eof:
                    self._rest = self._unpacker.unused_data or b""
                    self._unpacker = self._make()
                if self._unpacker.needs_input and not self._rest:
                    self._rest = self._source.read(_CHUNK)
                    if not self._rest:
                        return b""
                packed, self._rest = self._rest, b""
                text: bytes = self._unpacker.decompress(packed, size)
                if text:
                    return text
        except (lzma.LZMAError, OSError, EOFError):
            return b""

    def __enter__(self) -> _Unpacker:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()
