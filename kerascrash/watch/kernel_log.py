"""
The kernel's lines about a death: OOM kill, segfault, trap, Xid, machine check, I/O.

The log is followed from the start of the run through ``/dev/kmsg``, because its buffer
holds a few dozen OOM reports at best. Where that may not be read, the system's copy is
asked after the death; where nothing may be read, the reason is kept.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections import deque

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_DEVICE = "/dev/kmsg"
_WINDOW_S = 10.0
"""Lines this long before the death are all kept; of earlier ones the telling ones."""
_TELLING = re.compile(
    r"oom|out of memory|killed process|segfault|traps:|general protection|NVRM|xid"
    r"|mce:|hardware error|I/O error|EXT4-fs|XFS|BTRFS|soft lockup|hung|blocked for",
    re.IGNORECASE,
)
_MOST_EARLY, _MOST_LATE = 100, 600


class KernelLog:
    """Follower of the kernel log; never raises."""

    def __init__(self) -> None:
        self.reason = ""
        self._lines: deque[tuple[float, str]] = deque(maxlen=_MOST_LATE)
        self._early: deque[tuple[float, str]] = deque(maxlen=_MOST_EARLY)
        self._fd = -1
        try:
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            self._fd = os.open(_DEVICE, flags)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError as error:
            self.reason = f"{_DEVICE}: {error.strerror}"
            self.close()

    def follow(self) -> None:
        """Take over what was logged since the last time."""
        while self._fd >= 0:
            try:
                record = os.read(self._fd, 8192)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.EPIPE:  # overtaken: go on with the oldest left
                    continue
                self.reason = f"{_DEVICE}: {error.strerror}"
                self.close()
                return
            self._keep(record)

    def _keep(self, record: bytes) -> None:
        front, _, text = record.partition(b";")
        fields = front.split(b",")
        if len(fields) < 3 or not fields[2].isdigit():
            return
        line = text.split(b"\n", 1)[0].decode("utf-8", "replace")
        if len(self._lines) == _MOST_LATE and _TELLING.search(self._lines[0][1]):
            self._early.append(self._lines[0])
        self._lines.append((int(fields[2]) / 1e6, line))

    def report(self, death_boottime_ns: int) -> dict[str, Any]:
        """Return the certificate's ``kernel``: the lines of the window."""
        self.follow()
        source, readable = _DEVICE, self._fd >= 0
        lines = [*self._early, *self._lines]
        if not readable:
            source, lines = _ask_journal()
            readable = bool(source)
        begin = death_boottime_ns / 1e9 - _WINDOW_S
        early = [item for item in lines if item[0] < begin and _TELLING.search(item[1])]
        kept = early[-_MOST_EARLY:] + [item for item in lines if item[0] >= begin]
        to_unix = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return {
            "readable": readable,
            "source": source,
            "reason": "" if readable else self.reason,
            "lines": [
                {"time": round(t + to_unix, 6), "text": text} for t, text in kept
            ],
        }

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _ask_journal() -> tuple[str, list[tuple[float, str]]]:
    """
    Return the journal's last kernel lines of this boot, if it lets us read them.

    Each boot begins with kernel lines: to see none at all is no right to look, or no
    journal at work. Both end with status 0, and prove nothing of the kernel's silence.
    """
    import shutil
    import subprocess

    program = shutil.which("journalctl")
    if program is None:
        return "", []
    to_unix = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    command = [program, "-k", "-q", "--no-pager", "-o", "short-unix"]
    command.append(f"-n{_MOST_LATE}")
    try:
        done = subprocess.run(command, capture_output=True, timeout=2, check=False)
    except (OSError, subprocess.SubprocessError):
        return "", []
    lines = []
    for row in done.stdout.decode("utf-8", "replace").splitlines():
        stamp, _, rest = row.partition(" ")
        try:
            lines.append(
                (float(stamp) - to_unix, rest.partition("kernel: ")[2] or rest)
            )
        except ValueError:
            continue
    return ("journalctl -k", lines) if lines and done.returncode == 0 else ("", [])
