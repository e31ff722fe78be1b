"""
The copy that survives the machine: ``<dump>.sync``, made durable each second.

The live mapping is never msynced (a page under writeback stops the writer for
140-280 ms with the GIL held); new slots are written at their own offsets into a
second, sparse file, and that one is synced.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SYNC_SUFFIX = ".sync"
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class SyncCopy:
    """Writes ``<dump>.sync``; ``problem`` says why it has given up, if it has."""

    def __init__(self, dump_path: str) -> None:
        """Create the file, sparse and as large as the dump; raises OSError."""
        size = os.stat(dump_path).st_size
        self.path = dump_path + SYNC_SUFFIX
        self.problem = ""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
        self._fd = os.open(self.path, flags, 0o600)
        os.ftruncate(self._fd, size)
        _claim(self._fd)
        _sync_folder(os.path.dirname(os.path.abspath(self.path)))

    def update(self, changes: Iterable[tuple[int, bytes]]) -> int:
        """
        Store changed slots and make them durable; return the bytes written.

        Never raises for the disk: a full one ends the copying, and what was copied
        stays.
        """
        if self._fd < 0:
            return 0
        written = 0
        try:
            for offset, data in changes:
                written += os.pwrite(self._fd, data, offset)
            if written:
                os.fdatasync(self._fd)
        except OSError as error:
            self.problem = str(error)
            self.close()
        return written

    def close(self) -> None:
        """Close the file and keep it."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1

    def remove(self) -> None:
        """Close and delete the file: the run ended well, or the dump is durable."""
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def _claim(fd: int) -> None:
    """Hold a lock: who asks for it is told who we are (``record/permission.py``)."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: str) -> None:
    """Make the file's name durable too; some file systems refuse, which is theirs."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
