"""
Geometry of a dump: where everything lies and how a slot is framed.

A dump is two alternating superblocks followed by sections. Every section is a
ring of equally sized, checksummed slots: sample rings have small slots, a named
A/B blob is a ring of two large ones. Nothing outside a valid slot is ever read.

Byte order is little-endian throughout. Times are nanoseconds of the clock named
in the header (``CLOCK_BOOTTIME`` where the system has it, so that they compare
with the kernel log, which counts from boot).
"""

from __future__ import annotations

import enum
import struct

MAGIC = b"\x89KCD\r\n\x1a\n"
"""First bytes of a dump: like PNG's, they show a text-mode or 7-bit transfer."""

FORMAT_VERSION = 1
PAGE = 4096
SUPERBLOCKS = 2
DEFAULT_SIZE = 8 << 20
WORKER_SIZE = 256 << 10
SMALLEST_SIZE = 128 << 10
LARGEST_SIZE = 1 << 30
SUPERBLOCK_SIZE = 2 * PAGE
MAX_JSON = 4 << 20
"""Largest JSON text of one blob or certificate in bytes, before compression."""
MAX_EVENT = 16 << 10
"""Largest JSON text of one event in bytes; longer ones are shortened and say so."""
MAX_DEPTH = 100
"""Deepest nesting of a JSON record that a reader accepts."""

SUPERBLOCK = struct.Struct("<8sHHIQI")
"""magic, format version, oldest reader that understands it, JSON length,
generation, CRC-32 (over this header with the CRC as 0, then the JSON bytes); the
JSON object follows at once. Generation g lies in superblock g % 2."""

SLOT_HEADER = struct.Struct("<QQHHIII")
"""sequence number (from 1; 0 means never written), time in ns, kind, flags,
payload length, CRC-32 (over this header with the CRC as 0, then the payload),
reserved 0."""

FLAG_ZLIB = 1
"""The payload is zlib-compressed."""
FLAG_MORE = 2
"""The record goes on in the slot with the next sequence number."""
FLAG_CONTINUED = 4
"""The slot goes on with a record that began in an earlier one."""


class Section(str, enum.Enum):
    """Sections by their name in the header; each has exactly one writing process."""

    FINE = "fine"  # recorder: dense samples of the last minutes
    COARSE = "coarse"  # recorder: samples of the whole run, decimated as it grows
    EVENTS = "events"  # recorder: JSON records, see records.EventKind
    PROGRESS = "progress"  # recorder: where the training is, see records.PROGRESS
    BLOB = "blob"  # recorder (devices: watcher): one section per name in BLOB_NAMES
    WATCH = "watch"  # watcher: samples taken from outside
    DEVICES = "devices"  # watcher: what the driver tells of each device
    STDERR = "stderr"  # watcher: the tail of native stderr, raw bytes
    CERTIFICATE = "certificate"  # watcher: what it seals after the death


class SectionEntry:
    """
    One row of the header's section table; ``offset`` and sizes in bytes.

    The first ``kept`` slots are written once and never again, so that the
    beginning of a run stays visible. Not a dataclass: importing those costs 20 ms
    of the user's start.
    """

    __slots__ = ("fields", "kept", "name", "offset", "section", "slot_size", "slots")

    def __init__(
        self,
        section: str,
        name: str,
        offset: int,
        slot_size: int,
        slots: int,
        fields: tuple[str, ...] = (),
        kept: int = 0,
    ) -> None:
        self.section = section
        self.name = name
        self.offset = offset
        self.slot_size = slot_size
        self.slots = slots
        self.fields = fields
        self.kept = kept

    @property
    def size(self) -> int:
        return self.slot_size * self.slots

    @property
    def room(self) -> int:
        """Largest payload of one slot in bytes."""
        return self.slot_size - SLOT_HEADER.size

    @property
    def title(self) -> str:
        """How the section is called in reports of damage: ``blob models``."""
        return f"{self.section} {self.name}" if self.name else self.section
