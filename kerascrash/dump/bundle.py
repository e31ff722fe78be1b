"""
A bundle: a zip of a dump, the report made from it, and the logs that were used.

Read where it lies and never unpacked to disk, so that names of members mean nothing to
the file system. What a hostile archive may claim is bounded before it is believed: the
size of the file, of its directory, and of whatever a member unpacks to.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
from typing import IO, TYPE_CHECKING, Any

from kerascrash.dump.jsontext import BadRecordError, JsonReader
from kerascrash.dump.layout import MAX_JSON
from kerascrash.errors import NotADump

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"
SCHEMA = "kerascrash.bundle/1"
DUMP = "dump.bin.gz"
SYNC = "dump.bin.sync"
CHILDREN = "children/"
LOGS = "logs/"
NUMBERS = ".json"
"""Added to the name of a log: numbers and times of its lines."""
TRACES = "traces.json"
MAX_UNPACKED = 256 << 20
"""Most bytes read out of a packed dump."""
_LARGEST_FILE = 256 << 20
_LARGEST_DIRECTORY = 1 << 20
_MOST_MEMBERS = 2000
_MAGIC = b"PK\x03\x04"
_END, _END_SIZE = b"PK\x05\x06", 22
_LOCATOR_64, _LOCATOR_SIZE = b"PK\x06\x07", 20
"""Points to another end record, whose figures count in place of those of the last."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DUMPS = (".bin", ".bin.gz")


def is_zip(file: IO[bytes]) -> bool:
    """Return whether an open file begins like a zip; its position stays."""
    place = file.tell()
    head = file.read(len(_MAGIC))
    file.seek(place)
    return head == _MAGIC


def split_member(path: str) -> tuple[str, str]:
    """Return ``a.zip:children/1.bin.gz`` as file and member; other paths whole."""
    file, found, member = path.rpartition(f":{CHILDREN}")
    if found and not os.path.exists(path):
        return file, CHILDREN + member
    return path, ""


class Bundle:
    """An open archive; every read is bounded, and raises NotADump in one line."""

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self.path = path
        _refuse_oversized(path, file)
        try:
            self._zip = zipfile.ZipFile(file)
        except Exception as error:
            # zipfile raises more than a dozen types for a hostile archive.
            raise self._unreadable(error) from None
        self.names = sorted(
            info.filename
            for info in self._zip.infolist()[:_MOST_MEMBERS]
            if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)
        )

    def read(self, name: str, limit: int = MAX_UNPACKED) -> bytes:
        """Return a member's bytes, ``limit`` at most."""
        try:
            info = self._zip.getinfo(name)
            if info.compress_type not in _METHODS:  # the others unpack unbounded
                raise NotADump(f"{self.path}: {name!a} is packed in an unknown way")
            with self._zip.open(info) as file:
                return file.read(limit)
        except NotADump:
            raise
        except Exception as error:
            raise self._unreadable(error) from None

    def dumps(self) -> list[str]:
        """Return the members that look like dumps: the least nested first, by name."""
        found = [n for n in self.names if n.endswith(_DUMPS) and CHILDREN not in n]
        return sorted(found, key=lambda name: (name.count("/"), name))

    def children(self) -> list[str]:
        """Return the members that are dumps of child processes."""
        return [n for n in self.names if n.startswith(CHILDREN) and n.endswith(_DUMPS)]

    def manifest(self) -> dict[str, Any]:
        """Return what the bundle says of itself; nothing where it is none of ours."""
        return self.json(MANIFEST)

    def json(self, name: str) -> dict[str, Any]:
        """Return the JSON object in a member, an empty one where there is none."""
        if name not in self.names:
            return {}
        try:
            return JsonReader().parse(self.read(name, MAX_JSON))
        except BadRecordError:
            return {}

    def _unreadable(self, error: Exception) -> NotADump:
        return NotADump(f"{self.path}: unreadable zip ({type(error).__name__})")


def _refuse_oversized(path: str, file: IO[bytes]) -> None:
    """
    Raise NotADump for an archive that would cost much before anything is read.

    The directory is parsed whole into objects: its size is what costs memory.
    """
    size = os.fstat(file.fileno()).st_size
    if size > _LARGEST_FILE:
        raise NotADump(f"{path}: a bundle has at most {_LARGEST_FILE >> 20} MiB")
    file.seek(max(0, size - _LOCATOR_SIZE - _END_SIZE - (1 << 16)))
    tail = file.read()
    file.seek(0)
    for at in _ends(tail):
        if tail[max(0, at - _LOCATOR_SIZE) : at].startswith(_LOCATOR_64):
            raise NotADump(f"{path}: a zip64 archive is no bundle")
        members = int.from_bytes(tail[at + 10 : at + 12], "little")
        directory = int.from_bytes(tail[at + 12 : at + 16], "little")
        if members > _MOST_MEMBERS or directory > _LARGEST_DIRECTORY:
            raise NotADump(f"{path}: a zip with {members} members is no bundle")


def _ends(tail: bytes) -> Iterator[int]:
    """Yield every place that could be taken for the end record of a zip."""
    at = tail.find(_END)
    while at >= 0:
        yield at
        at = tail.find(_END, at + 1)


def to_json(value: object, *, compact: bool = False) -> bytes:
    """Return JSON for a member: the same bytes for the same value."""
    text = json.dumps(value, indent=None if compact else 1, sort_keys=True)
    return f"{text}\n".encode("ascii")
