"""
Our own memory, read through the kernel: a wrong address is an error, not the end.

By ctypes, which does not let go of the GIL: a hundred readings with ``os.pread`` in
a busy process would wait for it a hundred times.
"""

from __future__ import annotations

import ctypes
import os

from kerascrash.probes.foreign_memory import WORD, ForeignMemory, word_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOWEST_ADDRESS = 1 << 16
_LARGEST = 1 << 18


class UnknownLayoutError(Exception):
    """This interpreter's structures are not as expected."""


class OwnMemory(ForeignMemory):
    """For one thread; a read may come out short where the memory ends."""

    def __init__(self) -> None:
        super().__init__(os.getpid())
        api = ctypes.PyDLL(None)  # not ctypes.pythonapi, which the user may use
        self.buffer = ctypes.create_string_buffer(_LARGEST)
        self.pread = api.pread
        """The C function, for ``buffer``: pread(fd, buffer, bytes, address)."""
        self.pread.argtypes = (
            ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64,
        )  # fmt: skip
        self.pread.restype = ctypes.c_ssize_t
        self._thread_state = api.PyThreadState_Get
        self._thread_state.restype = ctypes.c_void_p

    def thread_state(self) -> int:
        """Return the address of this thread's state."""
        return int(self._thread_state())

    def read(self, address: int, size: int) -> bytes:
        """Return up to ``size`` bytes; raises OSError where nothing is."""
        count = self.pread(self.fd, self.buffer, min(size, _LARGEST), address)
        if count <= 0:
            raise OSError("no memory there")
        return ctypes.string_at(self.buffer, count)


def places_of(data: bytes, value: int, size: int = WORD) -> set[int]:
    """Return the aligned offsets at which ``value`` stands in ``data``."""
    offsets = range(0, len(data) - size + 1, size)
    return {at for at in offsets if word_at(data, at, size) == value}


def the_one(found: Iterable[int], what: str) -> int:
    """Return the only member; raises UnknownLayoutError where it is not the only."""
    places = set(found)
    if len(places) != 1:
        raise UnknownLayoutError(f"{what}: found at {len(places)} places")
    return places.pop()


def in_all(found: Iterable[set[int]], what: str) -> int:
    """Return the only place that all have in common; raises UnknownLayoutError."""
    return the_one(set.intersection(*found), what)


def pointers_in(data: bytes) -> list[int]:
    """Return the words that may be addresses."""
    words = {word_at(data, at) for at in range(0, len(data) - WORD + 1, WORD)}
    return [word for word in words if word > LOWEST_ADDRESS and not word % WORD]


def look(memory: OwnMemory, address: int, size: int) -> bytes:
    """Return what is at an address that may be none: nothing then."""
    try:
        return memory.read(address, size)
    except OSError:
        return b""
