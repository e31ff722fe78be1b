"""
Standard error of a supervised child: shown as before, and its last words kept.

- A terminal stays one: the child gets a pseudo-terminal of the same size.
- A regular file is left alone; the companion's tail reader does.
- Anything else becomes an unlinked file that only grows: the child can neither block
  on it nor fail (measured: a pipe does both when its reader stops or dies). What was
  passed on is given back to the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import termios

from kerascrash.dump.stderr_file import PUNCH_BYTES, punch_hole
from kerascrash.watch import libc
from kerascrash.watch.stderr_tail import TAIL_BYTES

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_CHUNK = 16 << 10
_OUTPUT_FLAGS, _LOCAL_FLAGS = 1, 3
_GUARDED = 200


class Outlet:
    """Where the text goes on to: our own fd 2, never waited for."""

    def __init__(self) -> None:
        self.pending = b""
        self.fd = 2
        # A second, non-blocking opening: the flag would be shared through fd 2 itself.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_APPEND
        with contextlib.suppress(OSError):
            self.fd = os.open("/proc/self/fd/2", flags)

    def write(self, data: bytes) -> None:
        """Pass on as much as can be; keep the rest in ``pending``."""
        self.pending += data
        try:
            while self.pending:
                written = os.write(self.fd, self.pending[:_CHUNK])
                self.pending = self.pending[written:]
        except BlockingIOError:
            return
        except OSError:  # nobody reads any more, as in `2>&1 | head`
            self.pending = b""


class Capture:
    """
    Copies the child's stderr through and keeps its tail.

    ``child_fd`` becomes the child's fd 2; ``fd`` is to be polled, and ``pump`` called
    when it is readable (or the outlet writable again).
    """

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.tail = b""
        self.total = 0
        self.fd = -1
        self.child_fd = -1
        self.guarded_fd = -1
        """A descriptor of the original, for the child to go back to when we die."""

    def pump(self) -> None:
        """Pass on what is there, unless the outlet is still busy; never raises."""
        self.outlet.write(b"")
        while not self.outlet.pending:
            data = self._read()
            if not data:
                return
            self.total += len(data)
            self.tail = (self.tail + data)[-TAIL_BYTES:]
            self.outlet.write(data)

    def _read(self) -> bytes:
        raise NotImplementedError

    def resize(self) -> None:
        """The terminal has another size."""

    def describe(self) -> dict[str, Any]:
        """Return the certificate's ``stderr``."""
        size = len(self.tail)
        return {"how": "captured", "path": None, "offset": 0, "bytes": size}


class TerminalCapture(Capture):
    """A pseudo-terminal: passes every byte unchanged, the real one does the rest."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__(outlet)
        self.fd, self.child_fd = os.openpty()
        os.set_blocking(self.fd, False)
        self.guarded_fd = fcntl.fcntl(2, fcntl.F_DUPFD, _GUARDED)  # inheritable
        modes = termios.tcgetattr(self.child_fd)
        modes[_OUTPUT_FLAGS] &= ~termios.OPOST
        modes[_LOCAL_FLAGS] &= ~termios.ECHO
        termios.tcsetattr(self.child_fd, termios.TCSANOW, modes)
        self.resize()

    def resize(self) -> None:
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(2, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self.child_fd, termios.TIOCSWINSZ, size)

    def _read(self) -> bytes:
        try:
            return os.read(self.fd, _CHUNK)
        except OSError:  # nothing there
            return b""


class FileCapture(Capture):
    """An unlinked file that the child appends to and we follow."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__(outlet)
        self._file, path = tempfile.mkstemp(prefix="kerascrash-stderr-")
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self.child_fd = os.open(path, flags)
            self.fd = libc.watch_file(path)
        finally:
            os.unlink(path)
        self._punched = 0

    def _read(self) -> bytes:
        with contextlib.suppress(OSError):
            os.read(self.fd, _CHUNK)  # the notices say no more than "look"
        try:
            data = os.pread(self._file, _CHUNK, self.total)
            if self.total - self._punched > PUNCH_BYTES:
                punch_hole(self._file, self._punched, self.total - self._punched)
                self._punched = self.total
        except OSError:
            return b""
        return data


def open_capture() -> Capture | None:
    """Return what fits our own fd 2; None: it is left alone."""
    try:
        mode = os.fstat(2).st_mode
        if stat.S_ISREG(mode):
            return None
        outlet = Outlet()
        return TerminalCapture(outlet) if os.isatty(2) else FileCapture(outlet)
    except OSError:  # fd 2 is closed, or no file can be made: better none than harm
        return None
