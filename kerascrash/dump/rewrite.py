"""
A dump written anew from what was read: the same records, other texts.

Nothing is copied: every record is decoded, changed and framed again, so that no byte of
the original is left, neither in torn slots nor behind shorter texts. Sections get the
room that their records need, and numbers count anew from 1.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kerascrash.dump.codec import encode_json, encode_superblock, frame
from kerascrash.dump.contents import BlobRecord, Dump, SampleRecord
from kerascrash.dump.layout import (
    FLAG_ZLIB,
    MAX_JSON,
    SLOT_HEADER,
    SUPERBLOCK_SIZE,
    SUPERBLOCKS,
    Section,
    SectionEntry,
)
from kerascrash.dump.records import PROGRESS, RECORDER_FIELDS, WATCHER_FIELDS
from kerascrash.dump.samples import SamplePacker
from kerascrash.dump.section_table import encode_sections

Change = Callable[[Any, str], Any]
"""Takes JSON data and what it is (``header``, a blob's name, …), returns it changed."""
_TABLE = ("sections", "fields", "size")
_ROUND = 64


class _Record(NamedTuple):
    time_ns: int
    kind: int
    flags: int
    payload: bytes


def rewrite_dump(dump: Dump, change: Change, stderr: bytes) -> bytes:
    """
    Return a dump with every text changed; ``stderr`` takes the place of its own.

    Raises ValueError when the changed header does not fit in its place.
    """
    found: list[tuple[Section, str, tuple[str, ...], list[_Record]]] = [
        (Section.FINE, "", RECORDER_FIELDS, _samples(dump.fine, RECORDER_FIELDS)),
        (Section.COARSE, "", RECORDER_FIELDS, _samples(dump.coarse, RECORDER_FIELDS)),
        (Section.WATCH, "", WATCHER_FIELDS, _samples(dump.watch, WATCHER_FIELDS)),
        (Section.EVENTS, "", (), list(_events(dump, change))),
        (Section.PROGRESS, "", (), list(_progress(dump))),
        (Section.STDERR, "", (), [_Record(0, 0, 0, stderr)] if stderr else []),
        (Section.CERTIFICATE, "", (), list(_certificate(dump, change))),
    ]
    for name, blob in dump.blobs.items():
        older = dump.older_blobs.get(name)
        both = [one for one in (older, blob) if one is not None]
        found.append((Section.BLOB, name, (), list(_blobs(name, both, change))))
    entries, rings = _lay_out(found)
    body = b"".join(rings)
    header = {key: value for key, value in dump.header.raw.items() if key not in _TABLE}
    size = SUPERBLOCKS * SUPERBLOCK_SIZE + len(body)
    table = {"size": size, **encode_sections(entries)}
    raw = {**change(header, "header"), **table}
    blocks = [
        encode_superblock(generation, raw).ljust(SUPERBLOCK_SIZE, b"\0")
        for generation in range(2, 2 + SUPERBLOCKS)
    ]
    return b"".join(blocks) + body


def _lay_out(
    found: Iterable[tuple[Section, str, tuple[str, ...], list[_Record]]],
) -> tuple[list[SectionEntry], list[bytes]]:
    """Return the section table and the bytes of each section."""
    entries: list[SectionEntry] = []
    rings: list[bytes] = []
    offset = SUPERBLOCKS * SUPERBLOCK_SIZE
    for section, name, fields, records in found:
        longest = max((len(record.payload) for record in records), default=0)
        slot_size = SLOT_HEADER.size + max(longest, SLOT_HEADER.size, 8 * len(fields))
        slot_size = -(-slot_size // _ROUND) * _ROUND
        # All records are kept ones, in order; the ring behind them stays empty.
        entry = SectionEntry(
            section.value,
            name,
            offset,
            slot_size,
            len(records) + 2,
            fields,
            len(records),
        )
        slots = [
            frame(number, *record).ljust(slot_size, b"\0")
            for number, record in enumerate(records, 1)
        ]
        entries.append(entry)
        rings.append(b"".join(slots).ljust(entry.size, b"\0"))
        offset += entry.size
    return entries, rings


def _samples(rows: Iterable[SampleRecord], fields: tuple[str, ...]) -> list[_Record]:
    """Fields that this version does not know are left out: their names are texts."""
    pack = SamplePacker(fields).pack
    return [_Record(row.time_ns, 0, 0, pack(row.values)) for row in rows]


def _events(dump: Dump, change: Change) -> Iterable[_Record]:
    for event in dump.events:
        text = encode_json(change(event.data, "event"))
        if len(text) <= MAX_JSON:
            yield _Record(event.time_ns, int(event.kind), 0, text)


def _progress(dump: Dump) -> Iterable[_Record]:
    for row in dump.progress:
        _, time_ns, stage, *rest, flags = row
        yield _Record(time_ns, 0, 0, PROGRESS.pack(stage, flags, *rest))


def _certificate(dump: Dump, change: Change) -> Iterable[_Record]:
    if dump.certificate is not None:
        yield from _packed(0, change(dump.certificate, "certificate"))


def _blobs(name: str, both: list[BlobRecord], change: Change) -> Iterable[_Record]:
    for blob in both:
        yield from _packed(blob.time_ns, change(blob.data, name))


def _packed(time_ns: int, data: Any) -> Iterable[_Record]:
    text = encode_json(data)
    if len(text) <= MAX_JSON:
        yield _Record(time_ns, 0, FLAG_ZLIB, zlib.compress(text, 6))
