"""
The right of the watcher to read our memory, where Linux grants it to parents alone.

Yama's ``ptrace_scope`` 1 (Ubuntu's default) lets a process name one other that may.
The watcher is nobody's child; who it is tells the lock that it holds on its copy.
"""

from __future__ import annotations

import os
import struct

from kerascrash.dump.sync_copy import SYNC_SUFFIX

_SCOPE = "/proc/sys/kernel/yama/ptrace_scope"
_FLOCK = "hhqqi4x"  # struct flock where off_t has eight bytes
_PR_SET_PTRACER = 0x59616D61


def must_permit() -> bool:
    """Return whether the kernel wants the reader of our memory to be named."""
    try:
        with open(_SCOPE, encoding="ascii") as file:
            return file.read().strip() == "1"
    except (OSError, ValueError):
        return False


def permit_watcher(dump: str) -> bool:
    """Let the dump's watcher read our memory; False where there is none yet."""
    import ctypes

    pid = watcher_of(dump)
    if pid:
        ctypes.PyDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)
    return pid > 0


def watcher_of(dump: str) -> int:
    """Return the pid of the process that keeps the dump's copy, 0 where none does."""
    import fcntl

    try:
        fd = os.open(dump + SYNC_SUFFIX, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        told = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    except OSError:
        return 0
    finally:
        os.close(fd)
    return int(told[4]) if told[0] != fcntl.F_UNLCK else 0
