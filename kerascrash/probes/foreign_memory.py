"""Another process's memory, read while that goes on: never stopped, never attached."""

from __future__ import annotations

import contextlib
import os

WORD = 8
_HIGHEST = 1 << 62


class ForeignMemory:
    """
    ``/proc/PID/mem``, opened for reading; raises OSError where that is not allowed.

    What is read may be half changed: whoever reads checks what it got.
    """

    def __init__(self, pid: int) -> None:
        self.fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        self._opened = os.fstat(self.fd)

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes at ``address``; OSError when they are not all there."""
        if not 0 < address < _HIGHEST:
            raise OSError("no address")
        data = os.pread(self.fd, size, address)
        if len(data) != size:
            raise OSError("the memory ends there")
        return data

    def read_word(self, address: int) -> int:
        """Return the pointer or size at ``address``."""
        return word_at(self.read(address, WORD), 0)

    def close(self) -> None:
        """Give the descriptor back, if the user has not put his own in its place."""
        fd, self.fd = self.fd, -1
        with contextlib.suppress(OSError):
            if fd >= 0 and os.path.samestat(os.fstat(fd), self._opened):
                os.close(fd)


def word_at(data: bytes, offset: int, size: int = WORD) -> int:
    """Return the unsigned number of ``size`` bytes at ``offset``."""
    return int.from_bytes(data[offset : offset + size], "little")
