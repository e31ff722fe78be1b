"""The watcher's part of ``KERASCRASH_STDERR=1``: what the target could not pass on."""

from __future__ import annotations

import contextlib
import os
import select

from kerascrash.dump.stderr_file import HEAD, STDERR_SUFFIX
from kerascrash.watch.stderr_tail import TAIL_BYTES

_LONGEST_WAIT_MS = 200


class CapturedStderr:
    """
    Reader of ``<dump>.stderr``; never raises.

    The target's original fd 2 is opened a second time while it lives, so that the last
    words can still be shown where the user looks. It is closed again at once after the
    death: somebody may wait for the end of that pipe.
    """

    def __init__(self, dump: str, pid: int) -> None:
        self.path = dump + STDERR_SUFFIX
        self._pid = pid
        self._outlet = -1

    def look(self) -> None:
        """Find the target's original fd 2, once there is a capture."""
        if self._outlet >= 0 or not os.path.exists(self.path):
            return
        with contextlib.suppress(OSError):
            _, saved = self._read_head()
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            self._outlet = os.open(f"/proc/{self._pid}/fd/{saved}", flags)

    def _read_head(self) -> tuple[int, int]:
        with open(self.path, "rb") as file:
            head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            raise OSError("no head yet")
        passed, saved = HEAD.unpack(head)
        return passed, saved

    def take(self) -> bytes | None:
        """Show what was not passed on, return the tail; None without a capture."""
        try:
            passed, _ = self._read_head()
            size = os.path.getsize(self.path)
            with open(self.path, "rb") as file:
                begin = max(HEAD.size, size - TAIL_BYTES)
                tail = os.pread(file.fileno(), size - begin, begin)
                with contextlib.suppress(OSError):  # nobody reads any more
                    self._show(file.fileno(), passed, size)
                return tail
        except OSError:
            return None
        finally:
            self.close()

    def _show(self, fd: int, passed: int, size: int) -> None:
        """Pass on the rest; a reader that does not read is not waited for long."""
        begin = max(passed, size - TAIL_BYTES)
        if self._outlet < 0:
            return
        poll = select.poll()
        poll.register(self._outlet, select.POLLOUT)
        while begin < size and poll.poll(_LONGEST_WAIT_MS):
            data = os.pread(fd, select.PIPE_BUF, begin)
            begin += os.write(self._outlet, data)

    def remove(self) -> None:
        """Delete the file: its tail is in the dump, or not needed."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def close(self) -> None:
        if self._outlet >= 0:
            os.close(self._outlet)
        self._outlet = -1
