"""
Evidence as bytes at offsets: small files whole, large ones block by block.

Nothing is mapped: a file that is cut short while it is read must not kill the reader
(SIGBUS). Nothing is written beside the evidence; an unpacked ``.gz`` that is too large
for memory goes to an unnamed temporary file.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

IN_MEMORY = 16 << 20
LARGEST_UNPACKED = 1 << 30
_BLOCK = 256 << 10
_GZIP = b"\x1f\x8b"


class Source:
    """One file, opened for reading; ``notes`` say what was left out."""

    def __init__(self, path: str) -> None:
        """Open ``path``; raises OSError."""
        self.notes: list[str] = []
        self.whole = True
        self._block, self._base = b"", 0
        file = open(path, "rb")  # noqa: SIM115  closed by close()
        try:
            self.size_on_disk = os.fstat(file.fileno()).st_size
            packed = os.pread(file.fileno(), 2, 0) == _GZIP
            self._file: IO[bytes] = self._unpack(file) if packed else file
            self.packed = packed
            self.size = self._file.seek(0, os.SEEK_END)
            self._file.seek(0)
            if self.size <= IN_MEMORY:
                self._block = self._file.read(self.size + 1)[: self.size]
                self.size = len(self._block)
            self.in_memory = len(self._block) == self.size
            """Whether all of it is held, so that it may be read again cheaply."""
        except BaseException:
            file.close()
            raise

    def _unpack(self, file: IO[bytes]) -> IO[bytes]:
        """Return the unpacked bytes; those before a flaw are kept."""
        import tempfile  # seldom needed, and a fifth of the reader's import

        target: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        done, unpacker, waiting = 0, _open_member(), b""
        try:
            while done < LARGEST_UNPACKED:
                packed = waiting or file.read(_BLOCK)
                if not packed:
                    break
                block = unpacker.decompress(packed, _BLOCK * 16)
                waiting = unpacker.unconsumed_tail
                if unpacker.eof and unpacker.unused_data:
                    waiting, unpacker = unpacker.unused_data, _open_member()
                done += target.write(block)
        except zlib.error:
            pass
        file.close()
        if not unpacker.eof:
            self.whole = False
            self.notes.append(f"unpacked as far as it goes: {done:,} bytes")
        unpacked: IO[bytes] = target
        return unpacked

    def window(self, at: int) -> tuple[bytes, int]:
        """Return a block that holds the 32 bytes at ``at``, and where it begins."""
        inside = at - self._base
        if not self.in_memory and not 0 <= inside <= len(self._block) - 32:
            self._block, self._base = self.cut(at, at + _BLOCK), at
        return self._block, self._base

    def cut(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``, fewer where the file ends."""
        if self.in_memory:
            return self._block[start:end]
        return os.pread(self._file.fileno(), max(0, min(end, self.size) - start), start)

    def close(self) -> None:
        self._block = b""
        self._file.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _open_member() -> zlib._Decompress:
    return zlib.decompressobj(wbits=31)
