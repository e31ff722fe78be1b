"""
The last words on stderr, when it goes to a regular file.

The file is left alone: it is opened a second time for reading, and what was appended
since the start of the run is read after the death.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

TAIL_BYTES = 64 << 10


class StderrTail:
    """Reader of the target's fd 2 if that is a regular file; never raises."""

    def __init__(self, pid: int) -> None:
        self.path = ""
        self.offset = 0
        self._fd = -1
        link = f"/proc/{pid}/fd/2"
        try:
            status = os.stat(link)
            if not stat.S_ISREG(status.st_mode):
                return
            self.path = os.readlink(link)
            self._fd = os.open(link, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
            self.offset = status.st_size
        except OSError:
            return

    def note(self, stderr: dict[str, Any]) -> None:
        """Take the offset that the recorder noted, which is earlier than ours."""
        offset = stderr.get("offset")
        if stderr.get("path") == self.path and isinstance(offset, int):
            self.offset = min(self.offset, max(offset, 0))

    def read(self) -> bytes:
        """Return the last bytes written since the start of the run."""
        if self._fd < 0:
            return b""
        try:
            size = os.fstat(self._fd).st_size
            # A file that shrank was truncated: all of it is new.
            begin = self.offset if self.offset <= size else 0
            begin = max(begin, size - TAIL_BYTES)
            return os.pread(self._fd, size - begin, begin)
        except OSError:
            return b""

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
