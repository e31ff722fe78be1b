"""
The bytes of a dump: a plain file, a ``.gz`` of one or a bundle (``.zip``).

What is packed is unpacked within a limit, and only regular files are read: a pipe
given by mistake would hang.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from kerascrash.dump.contents import DamageNote
from kerascrash.dump.layout import LARGEST_SIZE
from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.errors import NotADump

if TYPE_CHECKING:
    from kerascrash.dump.codec import Buffer

MAX_UNPACKED = 256 << 20
"""Most bytes read out of a packed dump."""
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_GZIP_OR_ZLIB = 47
_MOST_MEMBERS = 10_000


class Images(NamedTuple):
    """The bytes of a dump, of its ``.sync`` (or nothing), and what was lost."""

    main: Buffer
    sync: Buffer
    notes: list[DamageNote]


def load_images(path: str) -> Images:
    """Return the bytes to read a dump from; raises NotADump."""
    notes: list[DamageNote] = []
    sync = _read_if_there(path + SYNC_SUFFIX)
    if not sync and path.endswith(".gz"):
        sync = _read_if_there(path.removesuffix(".gz") + SYNC_SUFFIX)
    try:
        data = _read_file(path)
    except FileNotFoundError:
        if not sync:
            raise NotADump(f"{path}: there is no such file") from None
        notes.append(DamageNote("file", "the dump itself is gone, its copy is here"))
        data = b""
    except OSError as error:
        raise NotADump(f"{path}: {error.strerror or error}") from None
    if data.startswith(_ZIP_MAGIC):
        return _from_zip(path, data, notes)
    return Images(_unpacked(data, notes), _unpacked(sync, notes), notes)


def _read_file(path: str) -> bytes:
    """Return a regular file's bytes, LARGEST_SIZE at most; raises OSError, NotADump."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except ValueError:  # a NUL in the name
        raise NotADump(f"{path!r} is no file name") from None
    with open(fd, "rb", closefd=True) as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise NotADump(f"{path} is no regular file")
        # read(n) sets n bytes aside before it reads
        return file.read(min(status.st_size, LARGEST_SIZE))


def _read_if_there(path: str) -> bytes:
    try:
        return _read_file(path)
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


def _from_zip(path: str, data: bytes, notes: list[DamageNote]) -> Images:
    """Return the dump in a bundle: the first member by name that looks like one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            names = sorted(bundle.namelist()[:_MOST_MEMBERS])
            dumps = [n for n in names if n.endswith((".bin", ".bin.gz"))]
            if not dumps:
                raise NotADump(f"{path} holds no .bin or .bin.gz")
            if len(dumps) > 1:
                text = f"{len(dumps)} dumps are in the bundle; this is {dumps[0]!a}"
                notes.append(DamageNote("file", text))
            main = _member(bundle, dumps[0])
            sync_name = dumps[0].removesuffix(".gz") + SYNC_SUFFIX
            sync = _member(bundle, sync_name) if sync_name in names else b""
    except NotADump:
        raise
    except Exception as error:
        # zipfile raises more than a dozen types for a hostile archive.
        raise NotADump(f"{path}: unreadable zip ({type(error).__name__})") from None
    return Images(_unpacked(main, notes), _unpacked(sync, notes), notes)


def _member(bundle: zipfile.ZipFile, name: str) -> bytes:
    with bundle.open(name) as file:
        return file.read(MAX_UNPACKED)
