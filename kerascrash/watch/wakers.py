"""
What wakes the watcher between two samples when memory runs short.

cgroup v2 signals each change of ``memory.events`` (measured: 15-45 ms before an OOM
kill for ``max``), PSI signals stall. A window of two seconds is what PSI grants to
users without privilege. v1 has nothing that does not write a deprecation notice into
the kernel log, so there the clock alone decides.
"""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Iterable

_PRESSURE = "/proc/pressure/memory"
_TRIGGER = b"some 100000 2000000\0"


class Wakers:
    """Descriptors for ``poll``: register each of ``fds`` with ``EVENTS``."""

    EVENTS = select.POLLPRI

    def __init__(self, event_files: Iterable[str]) -> None:
        self._events = [fd for fd in map(_open, event_files) if fd >= 0]
        self._pressure = _open(_PRESSURE, os.O_RDWR | os.O_NONBLOCK)
        if self._pressure >= 0:
            try:
                os.write(self._pressure, _TRIGGER)
            except OSError:  # no right to, or a kernel without PSI
                os.close(self._pressure)
                self._pressure = -1
        for fd in self._events:
            self.acknowledge(fd)

    @property
    def fds(self) -> list[int]:
        return [*self._events, *([self._pressure] if self._pressure >= 0 else [])]

    def acknowledge(self, fd: int) -> None:
        """An events file fires until it is read; the trigger rests by itself."""
        if fd != self._pressure:
            try:
                os.pread(fd, 4096, 0)
            except OSError:
                self._drop(fd)

    def _drop(self, fd: int) -> None:
        if fd in self._events:
            self._events.remove(fd)
            os.close(fd)

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self._events, self._pressure = [], -1


def _open(path: str, flags: int = os.O_RDONLY) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        return -1
