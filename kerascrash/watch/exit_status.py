"""
How a process ended, as told to somebody who is not its parent.

Linux 6.15 answers through ``ioctl(pidfd, PIDFD_GET_INFO)`` once the parent has reaped
the process; until then it is a zombie whose ``/proc/PID/stat`` field 52 holds the wait
status. On older kernels a parent that reaps at once leaves nothing to read, and the
status is unknown: that is said, not guessed.
"""

from __future__ import annotations

import os
import struct
import time

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_INFO = struct.Struct("=QQ11Ii")
"""mask, cgroup id, eleven ids, exit code (struct pidfd_info, version 0: 64 bytes)."""
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11
_EXIT = 8
_EXIT_CODE = 49  # field 52 of stat, counted from the state letter
_PATIENCE_S = 1.0


class ExitStatus:
    """A raw wait status (None: unknown) and how it is known."""

    __slots__ = ("known_by", "raw", "reason")

    def __init__(self, raw: int | None, known_by: str, reason: str = "") -> None:
        self.raw = raw
        self.known_by = known_by
        self.reason = reason

    @property
    def is_success(self) -> bool:
        return self.raw == 0

    def describe(self) -> dict[str, Any]:
        """Return the certificate's ``exit``."""
        raw = self.raw
        exited = raw is not None and os.WIFEXITED(raw)
        killed = raw is not None and os.WIFSIGNALED(raw)
        return {
            "status": raw,
            "code": os.WEXITSTATUS(raw) if raw is not None and exited else None,
            "signal": os.WTERMSIG(raw) if raw is not None and killed else None,
            "core": raw is not None and killed and os.WCOREDUMP(raw),
            "known_by": self.known_by,
        }


def read_exit_status(
    pidfd: int, pid: int, start_ticks: int, patience_s: float = _PATIENCE_S
) -> ExitStatus:
    """Return how the process behind ``pidfd`` ended; it must have ended."""
    give_up = time.monotonic() + patience_s
    pause = 0.0005
    while True:
        raw = ask_pidfd(pidfd)
        if raw is not None:
            return ExitStatus(raw, "pidfd")
        seen = read_zombie(pid, start_ticks)
        # Without the right to look, the kernel shows 0: believed from our own only.
        if seen is not None and (seen or _may_look(pid)):
            return ExitStatus(seen, "zombie")
        if seen is None:
            raw = ask_pidfd(pidfd)  # reaped between the two looks?
            if raw is not None:
                return ExitStatus(raw, "pidfd")
            return ExitStatus(
                None, "unknown", "reaped by its parent before it was read"
            )
        if time.monotonic() > give_up:
            return ExitStatus(None, "unknown", "no right to read the zombie's status")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def ask_pidfd(pidfd: int) -> int | None:
    """Return the wait status the kernel keeps for a reaped process, if it does."""
    if pidfd < 0:
        return None
    import fcntl

    reply = bytearray(_INFO.pack(_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, reply)
    except OSError:  # ENOTTY: older than 6.13; ESRCH: reaped, and no exit info kept
        return None
    fields = _INFO.unpack(reply)
    return int(fields[-1]) if fields[0] & _EXIT else None


def read_stat(pid: int) -> list[bytes]:
    """Return the fields of ``/proc/PID/stat`` from the state letter on, or nothing."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def read_start_ticks(pid: int) -> int | None:
    """Return when the process started, in clock ticks after boot: its identity."""
    fields = read_stat(pid)
    return int(fields[19]) if len(fields) > 19 else None


def read_zombie(pid: int, start_ticks: int) -> int | None:
    """Return the wait status in a zombie's stat; None when it is gone (or reused)."""
    fields = read_stat(pid)
    if len(fields) <= _EXIT_CODE or (start_ticks and int(fields[19]) != start_ticks):
        return None
    return int(fields[_EXIT_CODE])


def _may_look(pid: int) -> bool:
    try:
        return os.geteuid() in (0, os.stat(f"/proc/{pid}").st_uid)
    except OSError:
        return False
