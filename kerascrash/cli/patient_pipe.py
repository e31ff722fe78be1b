"""A pipe that is read only as long as something comes: it may never be closed."""

from __future__ import annotations

import io
import os
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE, _PIECES_AHEAD = 1 << 16, 16  # bytes; pieces read before they are asked for


class PatientPipe(io.RawIOBase):
    """
    Ends at the end of the pipe, or where nothing came for too long.

    ``silent_s`` is then the time in seconds that was waited, else None. A thread of its
    own reads: a pipe of Windows can be waited for in no other way.
    """

    def __init__(self, fd: int, first_s: float, next_s: float) -> None:
        self._wait_s, self._next_s = first_s, next_s
        self._pieces: queue.Queue[bytes] = queue.Queue(_PIECES_AHEAD)
        self._rest, self._ended = b"", False
        self.silent_s: float | None = None
        # Not through sys.stdin: a thread that holds its lock breaks the exit.
        threading.Thread(target=self._pump, args=(fd,), daemon=True).start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` with what came; 0 at the end."""
        view = memoryview(buffer).cast("B")
        piece = self._rest or self._next()
        size = min(len(piece), len(view))
        view[:size], self._rest = piece[:size], piece[size:]
        return size

    def _next(self) -> bytes:
        if self._ended:
            return b""
        try:
            piece = self._pieces.get(timeout=self._wait_s)
        except queue.Empty:
            self.silent_s, piece = self._wait_s, b""
        self._wait_s, self._ended = self._next_s, not piece
        return piece

    def _pump(self, fd: int) -> None:
        piece = b"first"
        while piece:
            try:
                piece = os.read(fd, _PIECE)
            except OSError:
                piece = b""
            self._pieces.put(piece)
