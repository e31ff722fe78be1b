"""
The bytes of a dump: a plain file, a ``.gz`` of one or a bundle (``.zip``).

What is packed is unpacked within a limit, and only regular files are read: a pipe
given by mistake would hang.
"""

from __future__ import annotations

import os
import stat
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from kerascrash.dump.bundle import MAX_UNPACKED, Bundle, is_zip, split_member
from kerascrash.dump.contents import DamageNote
from kerascrash.dump.layout import LARGEST_SIZE
from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.errors import NotADump

if TYPE_CHECKING:
    from kerascrash.dump.codec import Buffer

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB = 47


class Images(NamedTuple):
    """The bytes of a dump, of its ``.sync`` (or nothing), and what was lost."""

    main: Buffer
    sync: Buffer
    notes: list[DamageNote]


def load_images(path: str) -> Images:
    """
    Return the bytes to read a dump from; raises NotADump.

    ``bundle.zip:children/1.bin.gz`` is a member of a bundle.
    """
    notes: list[DamageNote] = []
    file_path, member = split_member(path)
    sync = _read_if_there(path + SYNC_SUFFIX)
    if not sync and path.endswith(".gz"):
        sync = _read_if_there(path.removesuffix(".gz") + SYNC_SUFFIX)
    try:
        with _open_file(file_path) as file:
            if is_zip(file):
                return _from_bundle(Bundle(file_path, file), member, notes)
            data = _read_open(file)
    except FileNotFoundError:
        if not sync:
            raise NotADump(f"{path}: there is no such file") from None
        notes.append(DamageNote("file", "the dump itself is gone, its copy is here"))
        data = b""
    except OSError as error:
        raise NotADump(f"{path}: {error.strerror or error}") from None
    return Images(_unpacked(data, notes), _unpacked(sync, notes), notes)


def open_zip(path: str) -> Bundle | None:
    """Return the bundle at a path, None where it is none; raises NotADump."""
    try:
        file = _open_file(split_member(path)[0])
    except (OSError, NotADump):
        return None
    if is_zip(file):
        return Bundle(path, file)
    file.close()
    return None


def _open_file(path: str) -> IO[bytes]:
    """Return a regular file, open; raises OSError, NotADump."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except ValueError:  # a NUL in the name
        raise NotADump(f"{path!r} is no file name") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotADump(f"{path} is no regular file")
    return open(fd, "rb")


def _read_open(file: IO[bytes]) -> bytes:
    """Return a file's bytes, LARGEST_SIZE at most."""
    # read(n) sets n bytes aside before it reads
    return file.read(min(os.fstat(file.fileno()).st_size, LARGEST_SIZE))


def _read_if_there(path: str) -> bytes:
    try:
        with _open_file(path) as file:
            return _read_open(file)
    except (OSError, NotADump):
        return b""


def _unpacked(data: bytes, notes: list[DamageNote]) -> Buffer:
    """Return what a gzip stream holds, as far as it goes; other bytes as they are."""
    if not data.startswith(_GZIP_MAGIC):
        return data
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    unpacked, rest = bytearray(), data
    try:
        while rest and len(unpacked) < MAX_UNPACKED and not stream.eof:
            unpacked += stream.decompress(rest, 1 << 20)
            rest = stream.unconsumed_tail
    except zlib.error:
        notes.append(DamageNote("file", "the gzip data is damaged from here on"))
    else:
        if not stream.eof:
            notes.append(DamageNote("file", "the gzip data is cut short or too large"))
    return unpacked


def _from_bundle(bundle: Bundle, member: str, notes: list[DamageNote]) -> Images:
    """Return a member, or the dump of the bundle: see ``Bundle.dumps``."""
    dumps = [member] if member else bundle.dumps()
    if not dumps:
        raise NotADump(f"{bundle.path} holds no .bin or .bin.gz")
    name = dumps[0]
    if len(dumps) > 1:
        text = f"{len(dumps)} dumps are in the bundle; this is {name!a}"
        notes.append(DamageNote("file", text))
    main = bundle.read(name)
    sync_name = name.removesuffix(".gz") + SYNC_SUFFIX
    sync = bundle.read(sync_name) if sync_name in bundle.names else b""
    return Images(_unpacked(main, notes), _unpacked(sync, notes), notes)
