"""The process that is watched: the same one that made the dump, and no other."""

from __future__ import annotations

import contextlib
import os

from kerascrash.probes.procfile import ProcFile
from kerascrash.watch.exit_status import (
    ExitStatus,
    read_exit_status,
    read_start_ticks,
    read_stat,
)

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any


class Target:
    """
    Holds the process by a pidfd, so that its number cannot be mistaken later.

    ``gone`` is true when it had ended before we came: then only the dump tells.
    """

    def __init__(self, header: dict[str, Any]) -> None:
        self.pid = int(header.get("pid") or 0)
        self.start_ticks = int(header.get("start_ticks") or 0)
        self.pidfd = -1
        # Linux before 5.3 has none; a process that is gone is told apart below.
        with contextlib.suppress(AttributeError, OSError):
            self.pidfd = os.pidfd_open(self.pid)
        self._stat = ProcFile(f"/proc/{self.pid}/stat")
        self.gone = not self.is_alive()

    def is_alive(self) -> bool:
        """Tell whether this very process exists and has not ended."""
        fields = read_stat(self.pid)
        if len(fields) < 20 or fields[0] in b"ZX":
            return False
        return not self.start_ticks or int(fields[19]) == self.start_ticks

    def read_state(self) -> bytes:
        """Return the letter of its state, ``X`` when it is gone; made to be cheap."""
        fields = self._stat.read().rpartition(b")")[2]
        return fields[1:2] or b"X"

    def read_exit(self) -> ExitStatus:
        """Return how it ended; it must have ended."""
        if self.start_ticks and read_start_ticks(self.pid) not in (
            None,
            self.start_ticks,
        ):
            # The number belongs to somebody else by now, and so does the pidfd.
            return ExitStatus(None, "unknown", "ended before the watcher was ready")
        return read_exit_status(self.pidfd, self.pid, self.start_ticks)

    def close(self) -> None:
        self._stat.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.pidfd = -1
