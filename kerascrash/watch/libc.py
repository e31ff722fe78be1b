"""System calls that the standard library lacks; only the supervisor loads ctypes."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_CHILD_SUBREAPER = 36
_SIGSET_BYTES = 128
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_IN_MODIFY = 2


def become_subreaper() -> bool:
    """Adopt orphans of our descendants, as PID 1 would."""
    return int(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0


def open_signalfd(signals: Iterable[int]) -> int:
    """Return a descriptor of the (blocked) signals; raises OSError."""
    mask = bytearray(_SIGSET_BYTES)
    for number in signals:
        mask[(number - 1) // 8] |= 1 << (number - 1) % 8
    fd = int(_libc.signalfd(-1, bytes(mask), _NONBLOCK_CLOEXEC))
    return _checked(fd)


def watch_file(path: str) -> int:
    """Return an inotify descriptor that is readable after a write to ``path``."""
    fd = _checked(int(_libc.inotify_init1(_NONBLOCK_CLOEXEC)))
    _checked(int(_libc.inotify_add_watch(fd, os.fsencode(path), _IN_MODIFY)))
    return fd


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
