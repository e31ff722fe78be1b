"""
The watcher's side of a dump: it writes its own sections and reads the recorder's.

It maps the file that the recorder made. Slots that the recorder is just writing
fail their checksum and are seen the next time.
"""

from __future__ import annotations

import os

from kerascrash.dump.allocation import open_mapped, unmap
from kerascrash.dump.chains import join_chains
from kerascrash.dump.clock import now_ns
from kerascrash.dump.codec import Slot, compress_json, decode_superblock
from kerascrash.dump.follow import DumpFollower, RingFollower, highest_sequence
from kerascrash.dump.header import HeaderWriter
from kerascrash.dump.jsontext import BadRecordError, JsonReader
from kerascrash.dump.layout import (
    FLAG_ZLIB,
    FORMAT_VERSION,
    LARGEST_SIZE,
    SUPERBLOCKS,
    Section,
    SectionEntry,
)
from kerascrash.dump.records import PROGRESS, State
from kerascrash.dump.ring import Ring
from kerascrash.dump.samples import SamplePacker, SampleUnpacker
from kerascrash.dump.section_table import decode_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator, Mapping
    from typing import Any

PROGRESS_KEYS = (
    "stage",
    "flags",
    "epoch",
    "step",
    "step_in_epoch",
    "steps_per_epoch",
    "batch_size",
    "step_ns",
)


def open_watcher_writer(path: str | os.PathLike[str]) -> WatcherWriter:
    """
    Map an existing dump for the watcher.

    Raises OSError when it cannot be opened (a link too) and ValueError when it is
    no dump of this format version.
    """
    name = os.path.abspath(os.fspath(path))
    mapping = open_mapped(name, LARGEST_SIZE)
    try:
        return WatcherWriter(name, mapping)
    except BaseException:
        unmap(mapping)
        raise


class WatcherWriter:
    """Writes watch samples, stderr and the certificate; one process, one thread."""

    now_ns = staticmethod(now_ns)

    def __init__(self, path: str, mapping: mmap.mmap) -> None:
        self.path = path
        self._map = mapping
        _, header = _newest_header(mapping)
        sections, _ = decode_sections(header, len(mapping))
        self._sections = {
            (s.section, s.name): s
            for s in sections
            if s.offset + s.size <= len(mapping)
        }
        self._watch = self._ring(Section.WATCH)
        self._stderr = self._ring(Section.STDERR)
        self._certificate = self._ring(Section.CERTIFICATE)
        self._devices: Ring | None = None
        self._described: Ring | None = None
        self._pack = SamplePacker(self._watch.entry.fields).pack
        self._unpack = SampleUnpacker(self._entry(Section.FINE).fields).unpack
        self._tails: dict[tuple[str, str], RingFollower] = {}
        self._follower = DumpFollower(mapping, list(self._sections.values()))
        self._last_stderr: tuple[int, bytes] = (0, b"")

    def _entry(self, section: Section, name: str = "") -> SectionEntry:
        try:
            return self._sections[section.value, name]
        except KeyError:
            raise ValueError(
                f"the dump has no section {section.value} {name}"
            ) from None

    def _ring(self, section: Section, name: str = "") -> Ring:
        entry = self._entry(section, name)
        return Ring(self._map, entry, highest_sequence(self._map, entry) + 1)

    def watch(self, values: Mapping[str, int]) -> None:
        """Record readings taken from outside (``records.WATCHER_FIELDS``)."""
        self._watch.put(now_ns(), self._pack(values))

    def device(self, values: Mapping[str, int]) -> None:
        """Record what is known of one device (``records.DEVICE_FIELDS``)."""
        if self._devices is None:
            self._devices = self._ring(Section.DEVICES)
            self._pack_device = SamplePacker(self._devices.entry.fields).pack
        self._devices.put(now_ns(), self._pack_device(values))

    def describe_devices(self, obj: dict[str, Any]) -> bool:
        """Replace the blob ``devices``; False when it is too big."""
        if self._described is None:
            self._described = self._ring(Section.BLOB, "devices")
        packed = compress_json(obj, self._described.room)
        if packed is None:
            return False
        self._described.put(now_ns(), packed, flags=FLAG_ZLIB)
        return True

    def stderr(self, data: bytes) -> None:
        """Append native stderr; the oldest bytes make room."""
        ring, now = self._stderr, now_ns()
        data = data[-ring.room * ring.entry.slots :]
        sequence, begun = self._last_stderr
        if sequence and len(begun) < ring.room:
            # A slot that is not full is written again, longer: lines are short.
            begun += data[: ring.room - len(begun)]
            data = data[len(begun) - len(self._last_stderr[1]) :]
            ring.put_at(sequence, now, begun)
            self._last_stderr = (sequence, begun)
        for i in range(0, len(data), ring.room):
            part = data[i : i + ring.room]
            self._last_stderr = (ring.put(now, part), part)

    def certificate(self, obj: dict[str, Any]) -> bool:
        """Seal a certificate; False when it is too big and the caller must trim it."""
        packed = compress_json(obj, self._certificate.room)
        if packed is None:
            return False
        self._certificate.put(now_ns(), packed, flags=FLAG_ZLIB)
        return True

    def set_state(self, state: State) -> None:
        """Write ``state`` into the header: only once the recorder is dead."""
        generation, header = _newest_header(self._map)
        HeaderWriter(self._map, header, generation).write(state=state.value)

    def header(self) -> dict[str, Any]:
        """Return the newest header as it is now."""
        return _newest_header(self._map)[1]

    def state(self) -> str:
        """Return the state in the header: a value of ``records.State``."""
        return str(self.header().get("state", ""))

    def events_since(self, sequence: int) -> list[tuple[int, int, int, dict[str, Any]]]:
        """
        Return (sequence, time_ns, kind, data) of the events after ``sequence``.

        A long event that is being written in this instant is not among them.
        """
        follower = RingFollower(self._map, self._entry(Section.EVENTS), sequence)
        whole, _ = join_chains([slot for _, slot in follower.new_slots()])
        reader = JsonReader()
        events = []
        for slot in whole:
            try:
                data = reader.read(slot)
            except BadRecordError:
                continue
            events.append((slot.sequence, slot.time_ns, slot.kind, data))
        return events

    def last_progress(self) -> dict[str, int] | None:
        """Return the newest progress record by name, with ``time_ns``, if any."""
        slot = self._newest(Section.PROGRESS)
        if slot is None or len(slot.payload) != PROGRESS.size:
            return None
        row = zip(PROGRESS_KEYS, PROGRESS.unpack(slot.payload), strict=True)
        return {**dict(row), "time_ns": slot.time_ns}

    def last_sample(self) -> tuple[int, dict[str, int]] | None:
        """Return (time_ns, values) of the recorder's newest sample, if any."""
        slot = self._newest(Section.FINE)
        values = self._unpack(slot.payload) if slot else None
        return (slot.time_ns, values) if slot and values is not None else None

    def blob(self, name: str) -> dict[str, Any] | None:
        """Return the newest blob of that name, if there is one."""
        slot = self._newest(Section.BLOB, name)
        try:
            return JsonReader().read(slot) if slot else None
        except BadRecordError:
            return None

    def _newest(self, section: Section, name: str = "") -> Slot | None:
        key = (section.value, name)
        if key not in self._tails:
            self._tails[key] = RingFollower(self._map, self._entry(section, name))
        return self._tails[key].newest()

    def changed_slots(self) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, bytes) of what is new since the last call, for SyncCopy."""
        return self._follower.changed()

    def flush(self) -> None:
        """Make the dump durable: only once the recorder is dead (see SyncCopy)."""
        self._map.flush()

    def close(self) -> None:
        """Unmap the file."""
        unmap(self._map)


def _newest_header(mapping: mmap.mmap) -> tuple[int, dict[str, Any]]:
    """Return generation and header; ValueError when there is none to understand."""
    blocks = [decode_superblock(mapping, i) for i in range(SUPERBLOCKS)]
    good = [(b.generation, b.text) for b in blocks if b and b.version == FORMAT_VERSION]
    for generation, text in sorted(good, key=lambda pair: -pair[0]):
        if text is not None:
            try:
                return generation, JsonReader().parse(text)
            except BadRecordError:
                continue
    raise ValueError("the file has no header of this format version")
