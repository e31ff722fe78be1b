"""
Native standard error, on request (``KERASCRASH_STDERR=1``) or under ``kerascrash run``.

On request fd 2 becomes a file that only grows, next to the dump, and a thread passes
the text on: whatever becomes of that thread or of the watcher, a write to fd 2 can
neither block nor fail. A terminal, a regular file and a notebook are left alone. fd 2
is given back before ``exec`` and at the end.

Under ``run`` on a terminal fd 2 is a pseudo-terminal, which fails when its other end
dies: a thread gives the real terminal back then.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import stat
import time

from kerascrash.dump.stderr_file import HEAD, PUNCH_BYTES, STDERR_SUFFIX, punch_hole
from kerascrash.record.cells import is_kernel
from kerascrash.record.hook import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "native_stderr"
GUARD_VARIABLE = "KERASCRASH_STDERR_GUARD"
_BUSY_S, _IDLE_S = 0.01, 0.1
_CHUNK = 64 << 10
_PAGE = 4096
_FIRST_SAVED = 200  # above what programs count on, below the usual limit


def _install(recorder: Recorder) -> Callable[[], None]:
    guard = os.environ.pop(GUARD_VARIABLE, "")
    if guard:
        with contextlib.suppress(ValueError, OSError, AttributeError):
            _guard_terminal(*map(int, guard.split(":")))
    elif recorder.settings.stderr and _may_capture():
        capture = Capture(recorder.writer.path + STDERR_SUFFIX)
        recorder.on_stop.append(capture.stop)
        return capture.stop
    return lambda: None


def _may_capture() -> bool:
    try:
        mode = os.fstat(2).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or os.isatty(2) or is_kernel())


class Capture:
    """fd 2 as a file, and the thread that passes its text on."""

    def __init__(self, path: str) -> None:
        import fcntl

        flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, os.O_RDWR | flags, 0o600)
        self._pid = os.getpid()
        self._passed = HEAD.size
        self._punched = _PAGE  # the head stays
        self._lock = _thread.allocate_lock()
        self._stopped = False
        self._saved = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, _FIRST_SAVED)
        self._note()
        # Linux appends there whatever offset a write names, so the head is not ours.
        appended = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.dup2(appended, 2)
        os.close(appended)
        self._originals = {name: getattr(os, name) for name in ("execv", "execve")}
        for name, original in self._originals.items():
            setattr(os, name, self._giving_back(original))
        _thread.start_new_thread(self._follow, ())

    def _giving_back(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def execute(*args: Any, **kwargs: Any) -> Any:
            self.stop()
            return original(*args, **kwargs)

        return execute

    def _note(self) -> None:
        os.pwrite(self._file, HEAD.pack(self._passed, self._saved), 0)

    def _follow(self) -> None:
        while not self._stopped:
            with contextlib.suppress(OSError):
                moved = self._pass_on()
            time.sleep(_BUSY_S if moved else _IDLE_S)

    def _pass_on(self) -> bool:
        """
        Pass on what is new; True if there was any. May wait for the reader.

        What was passed on is noted after that: at a death in between, the watcher shows
        up to 4 KiB twice, rather than the last words never.
        """
        with self._lock:
            data = b"" if self._stopped else os.pread(self._file, _CHUNK, self._passed)
            for begin in range(0, len(data), select.PIPE_BUF):
                part = data[begin : begin + select.PIPE_BUF]
                with contextlib.suppress(OSError):  # nobody reads any more
                    os.write(self._saved, part)
                self._passed += len(part)
                self._note()
            if self._passed - self._punched > PUNCH_BYTES:
                punch_hole(self._file, self._punched, self._passed - self._punched)
                self._punched = self._passed
            return bool(data)

    def stop(self) -> None:
        """Give fd 2 back, then pass on the rest; in a forked child do nothing."""
        if self._stopped or os.getpid() != self._pid:
            return
        for name, original in self._originals.items():
            setattr(os, name, original)
        with contextlib.suppress(OSError):
            os.dup2(self._saved, 2)
            while self._pass_on():
                continue
        self._stopped = True


def _guard_terminal(supervisor: int, terminal: int) -> None:
    os.set_inheritable(terminal, False)
    pidfd = os.pidfd_open(supervisor)
    _thread.start_new_thread(_give_back_when_gone, (supervisor, pidfd, terminal))


def _give_back_when_gone(supervisor: int, pidfd: int, terminal: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    stopped = 0
    while not poll.poll(1000) and stopped < 2:
        stopped = stopped + 1 if _is_stopped(supervisor) else 0
    with contextlib.suppress(OSError):
        os.dup2(terminal, 2)
        os.close(pidfd)


def _is_stopped(pid: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] in b"Tt"
    return False


HOOK = Hook(NAME, _install)
