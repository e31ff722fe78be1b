"""
Where captured standard error goes: ``<dump>.stderr``, written by the user's process.

The text follows a small head that says how much of it was passed on to the original
fd 2, and under which number that is kept open, so that the watcher can pass on the
rest after a death.
"""

from __future__ import annotations

import struct

STDERR_SUFFIX = ".stderr"
HEAD = struct.Struct("<Qi4x")
"""Offset in the file up to which all was passed on; number of the saved descriptor."""

_KEEP_SIZE_PUNCH_HOLE = 3
PUNCH_BYTES = 1 << 20
"""So much text is passed on before its space is given back."""


def punch_hole(fd: int, begin: int, length: int) -> None:
    """
    Give back ``length`` bytes from ``begin`` of a file, which keeps its size.

    Does nothing where the file system or the C library cannot.
    """
    import ctypes

    offset, size = ctypes.c_int64(begin), ctypes.c_int64(length)
    try:
        ctypes.CDLL(None).fallocate(fd, _KEEP_SIZE_PUNCH_HOLE, offset, size)
    except (OSError, AttributeError):
        return
