"""
Read the notes of an ELF core file; what the memory held is never looked at.

The kernel writes the notes first, those of the thread that died before all others
(fs/binfmt_elf.c): NT_PRSTATUS, NT_PRPSINFO, NT_SIGINFO, NT_AUXV, NT_FILE. Layouts are
those of Linux (elfcore.h, asm-generic/siginfo.h).
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass, field
from typing import IO, Any, cast

from kerascrash.model.core import Mapping

_MOST_BYTES = 8 << 20
_MOST_NOTES = 20_000
_ET_CORE = 4
_PACKED = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zX": "xz",
    b"\x1f\x8b": "gzip",
}
WANTED = ("NT_PRSTATUS", "NT_PRPSINFO", "NT_SIGINFO", "NT_FILE")


class NotACoreError(Exception):
    """The file is no ELF core file; the text says what it is."""


@dataclass
class Notes:
    """The first note of each kind: raw bytes, NT_FILE as mappings."""

    machine: str
    wide: bool
    order: str  # of bytes, as struct spells it
    raw: dict[str, bytes] = field(default_factory=dict)
    name: str = ""
    arguments: str = ""
    mappings: tuple[Mapping, ...] = ()
    complete: bool = True


class _Bounded:
    """A file of which no more than so many bytes are ever read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, _MOST_BYTES
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int = -1) -> bytes:
        wanted = self._left if count < 0 else min(count, self._left)
        self._left -= wanted
        return self._file.read(wanted)


def read_notes(path: str) -> Notes:
    """
    Return what could be read of the notes; ``complete`` tells whether none was cut.

    Raises OSError and NotACoreError.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait
        raise NotACoreError("not a regular file")
    from elftools.elf.elffile import ELFFile  # 0.1 s, and few deaths leave a core

    with open(path, "rb") as file:
        head = file.read(20)
        file.seek(0)
        _check(head)
        try:
            elf = ELFFile(cast("IO[bytes]", _Bounded(file)))
            notes = Notes(
                machine=str(elf.get_machine_arch()),
                wide=elf.elfclass == 64,
                order="<" if elf.little_endian else ">",
            )
        except Exception as error:  # the library raises whatever its parsers raise
            raise NotACoreError("its ELF header is damaged") from error
        try:
            _collect(elf, notes)
        except Exception:  # truncated or hostile: what was read before it stands
            notes.complete = False
    notes.complete = notes.complete and set(WANTED) <= set(notes.raw)
    return notes


def _check(head: bytes) -> None:
    """Raise NotACoreError with a word on what it is instead."""
    packing = next((n for magic, n in _PACKED.items() if head.startswith(magic)), None)
    if packing:
        raise NotACoreError(
            f"compressed with {packing}: unpack it first, or `coredumpctl dump -o core`"
        )
    if not head.startswith(b"\x7fELF"):
        raise NotACoreError("not an ELF file" if head else "empty")
    order = ">H" if head[5:6] == b"\x02" else "<H"
    if len(head) < 20 or struct.unpack(order, head[16:18])[0] != _ET_CORE:
        raise NotACoreError("an ELF file, and no core")


def _collect(elf: Any, notes: Notes) -> None:
    """Take the first note of each wanted kind; raises whatever the library raises."""
    seen = 0
    for segment in elf.iter_segments("PT_NOTE"):
        for note in segment.iter_notes():
            seen += 1
            kind = note["n_type"]
            if kind in WANTED and kind not in notes.raw:
                notes.raw[kind] = note["n_descdata"]
                _decode(note, notes)
            if seen > _MOST_NOTES or len(notes.raw) == len(WANTED):
                return


def _decode(note: Any, notes: Notes) -> None:
    if note["n_type"] == "NT_PRPSINFO":
        notes.name = _text(note["n_desc"]["pr_fname"])
        notes.arguments = _text(note["n_desc"]["pr_psargs"])
    elif note["n_type"] == "NT_FILE":
        found = note["n_desc"]
        rows = zip(found["Elf_Nt_File_Entry"], found["filename"], strict=False)
        page = found["page_size"]
        notes.mappings = tuple(
            Mapping(
                path=_text(name),
                begin=row["vm_start"],
                end=row["vm_end"],
                offset=row["page_offset"] * page,
            )
            for row, name in rows
        )


def _text(value: bytes) -> str:
    return value.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def unpack(notes: Notes, kind: str, form: str, offset: int) -> int | None:
    """Return one number of a note, None where the note is absent or too short."""
    try:
        return int(struct.unpack_from(notes.order + form, notes.raw[kind], offset)[0])
    except (KeyError, struct.error):
        return None
