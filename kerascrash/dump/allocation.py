"""Make, map and let go of the file: all of its blocks exist before it is mapped."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import sys

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_SAFE |= getattr(os, "O_BINARY", 0)
_CHUNK = 1 << 20
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_left_open: list[mmap.mmap] = []


def create_mapped(path: str, size: int) -> mmap.mmap:
    """
    Return the mapping of a new file of ``size`` allocated bytes, mode 0600.

    Raises OSError (FileExistsError for anything at ``path``, a link too); nothing
    is left behind then.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
    try:
        try:
            _allocate(fd, size)
            return _map(fd, size)
        finally:
            os.close(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def open_mapped(path: str, largest: int) -> mmap.mmap:
    """
    Return the writable mapping of an existing file; raises OSError or ValueError.
    """
    fd = os.open(path, os.O_RDWR | _SAFE)
    try:
        size = os.fstat(fd).st_size
        if not 0 < size <= largest:
            raise ValueError(f"{size} bytes are not the size of a dump")
        return _map(fd, size)
    finally:
        os.close(fd)


def _allocate(fd: int, size: int) -> None:
    """Allocate every block: a hole on a full disk would be a SIGBUS later."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, 0, size)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        else:
            return
    zeros = bytes(_CHUNK)
    written = 0
    while written < size:
        written += os.write(fd, zeros[: size - written])


def _map(fd: int, size: int) -> mmap.mmap:
    mapping = _map_plain(fd, size)
    # Without it the first touch of a page reads the whole file ahead: 10 to 30 ms of
    # the user's start (measured on ext4, 6.18), and 8 MiB of page cache.
    with contextlib.suppress(AttributeError, OSError):
        mapping.madvise(mmap.MADV_RANDOM)
    return mapping


def _map_plain(fd: int, size: int) -> mmap.mmap:
    if sys.version_info >= (3, 13) and os.name == "posix":
        # No descriptor is kept, so none can be closed or reused under us.
        return mmap.mmap(fd, size, trackfd=False)
    return mmap.mmap(fd, size)


def unmap(mapping: mmap.mmap) -> None:
    """
    Unmap, unless that could close a descriptor that is not ours any more.

    Before Python 3.13 a mapping keeps a duplicate of its descriptor and closes that
    number with it. A program that has closed all descriptors (a daemon) may have
    that number in use for a file of its own: then the mapping stays.
    """
    if sys.version_info < (3, 13):
        try:
            if mapping.size() != len(mapping):
                _left_open.append(mapping)
                return
        except (OSError, ValueError):
            _left_open.append(mapping)
            return
    mapping.close()
