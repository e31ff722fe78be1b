"""
Read a dump that may be torn, cut, flipped or hostile.

Nothing is trusted: counts and offsets are checked against the file, a slot counts
when its checksum and its place are right, JSON is bounded. Work and memory grow with
the size of the file. What cannot be read becomes a note in ``Dump.damage``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kerascrash.dump.chains import join_chains
from kerascrash.dump.codec import Slot
from kerascrash.dump.contents import (
    BlobRecord,
    DamageNote,
    Dump,
    EventRecord,
    Header,
    ProgressRecord,
    SampleRecord,
)
from kerascrash.dump.jsontext import BadRecordError, JsonReader
from kerascrash.dump.layout import Section, SectionEntry
from kerascrash.dump.records import PROGRESS, EventKind
from kerascrash.dump.salvage import find_header
from kerascrash.dump.samples import SampleUnpacker
from kerascrash.dump.scan import scan_section
from kerascrash.dump.sources import Images, load_images
from kerascrash.errors import DumpError

if TYPE_CHECKING:
    from kerascrash.dump.codec import Buffer

_IDENTITY = ("pid", "start_ticks", "boot_id", "realtime_ns")
_KINDS = {int(kind): kind for kind in EventKind}


def read_dump(path: str | os.PathLike[str]) -> Dump:
    """
    Return what a dump, its ``.gz`` or a bundle holds, with ``<path>.sync`` merged.

    Raises NotADump when there is no dump to read and VersionTooNew when it was
    written by a later version; any damage inside is in ``Dump.damage``.
    """
    name = os.fspath(path)
    images, header, notes = _open(name)
    dump = Dump(name, header, damage=notes)
    reader = _Reader(dump, images)
    for entry in header.sections:
        reader.read_section(entry)
    return dump


def read_header(path: str | os.PathLike[str]) -> Header:
    """Return the header alone; raises what ``read_dump`` raises."""
    return _open(os.fspath(path))[1]


def _open(path: str) -> tuple[tuple[Buffer, ...], Header, list[DamageNote]]:
    loaded: Images = load_images(path)
    notes = loaded.notes
    images = tuple(image for image in (loaded.main, loaded.sync) if image)
    if not images:
        # An empty file has no superblock: find_header says that it is no dump.
        images = (b"",)
    header = find_header(path, images, notes)
    if len(images) > 1 and not _same_run(path, images):
        notes.append(DamageNote("sync", "the copy is of another run and was left out"))
        images = images[:1]
        header = find_header(path, images, notes)
    return images, header, notes


def _same_run(path: str, images: tuple[Buffer, ...]) -> bool:
    """Return whether both files tell the same identity, where both tell one."""
    headers = [_header_alone(path, image) for image in images]
    raws = [h.raw for h in headers if h and h.raw]
    if len(raws) < 2:
        return True
    return all(raws[0].get(key) == raws[1].get(key) for key in _IDENTITY)


def _header_alone(path: str, image: Buffer) -> Header | None:
    try:
        return find_header(path, (image,), [])
    except DumpError:
        return None


class _Reader:
    """Fills a Dump section by section."""

    def __init__(self, dump: Dump, images: tuple[Buffer, ...]) -> None:
        self._dump = dump
        self._images = images
        self._json = JsonReader()

    def read_section(self, entry: SectionEntry) -> None:
        """Read one section; a name that we do not know is a later version's."""
        dump = self._dump
        samples = {
            Section.FINE: dump.fine,
            Section.COARSE: dump.coarse,
            Section.WATCH: dump.watch,
            Section.DEVICES: dump.device_samples,
        }
        others = {
            Section.EVENTS: self._read_events,
            Section.PROGRESS: self._read_progress,
            Section.BLOB: self._read_blob,
            Section.STDERR: self._read_stderr,
            Section.CERTIFICATE: self._read_certificate,
        }
        if entry.section in samples:
            slots = self._scan(entry)
            self._read_samples(entry, slots, samples[Section(entry.section)])
        elif entry.section in others:
            others[Section(entry.section)](entry, self._scan(entry))

    def _scan(self, entry: SectionEntry) -> list[Slot]:
        return scan_section(self._images, entry, self._dump.damage)

    def _note(self, entry: SectionEntry, text: str) -> None:
        self._dump.damage.append(DamageNote(entry.title, text, entry.offset))

    def _read_samples(
        self, entry: SectionEntry, slots: list[Slot], into: list[SampleRecord]
    ) -> None:
        unpack = SampleUnpacker(entry.fields).unpack
        for slot in slots:
            values = unpack(slot.payload)
            if values is not None:
                into.append(SampleRecord(slot.sequence, slot.time_ns, values))
        if len(into) < len(slots):
            self._note(entry, f"{len(slots) - len(into)} samples of another length")

    def _read_events(self, entry: SectionEntry, slots: list[Slot]) -> None:
        whole, broken = join_chains(slots)
        # Where the ring has gone round, the oldest record may have lost its beginning.
        ring = [s.sequence for s in slots if s.sequence > entry.kept]
        gone_round = bool(ring) and ring[0] > entry.kept + 1
        if gone_round:
            broken = [n for n in broken if n not in (ring[0], entry.kept)]
        if broken:
            self._note(entry, f"{len(broken)} records are incomplete")
        for slot in whole:
            data = self._json_of(entry, slot)
            if data is not None:
                kind = _KINDS.get(slot.kind, slot.kind)
                record = EventRecord(slot.sequence, slot.time_ns, kind, data)
                self._dump.events.append(record)

    def _read_progress(self, entry: SectionEntry, slots: list[Slot]) -> None:
        for slot in slots:
            if len(slot.payload) == PROGRESS.size:
                stage, flags, *rest = PROGRESS.unpack(slot.payload)
                values = (slot.sequence, slot.time_ns, stage, *rest, flags)
                record = ProgressRecord._make(values)
                self._dump.progress.append(record)
        if len(self._dump.progress) < len(slots):
            self._note(entry, "progress records of another length")

    def _read_blob(self, entry: SectionEntry, slots: list[Slot]) -> None:
        records = []
        for slot in reversed(slots[-2:]):
            data = self._json_of(entry, slot)
            if data is not None:
                records.append(BlobRecord(slot.sequence, slot.time_ns, data))
        for record, into in zip(
            records, (self._dump.blobs, self._dump.older_blobs), strict=False
        ):
            into[entry.name] = record

    def _read_stderr(self, _entry: SectionEntry, slots: list[Slot]) -> None:
        self._dump.stderr = b"".join(slot.payload for slot in slots)

    def _read_certificate(self, entry: SectionEntry, slots: list[Slot]) -> None:
        for slot in reversed(slots):
            data = self._json_of(entry, slot)
            if data is not None:
                self._dump.certificate = data
                return

    def _json_of(self, entry: SectionEntry, slot: Slot) -> dict[str, Any] | None:
        try:
            return self._json.read(slot)
        except BadRecordError as error:
            self._note(entry, f"record {slot.sequence}: {error}")
            return None
