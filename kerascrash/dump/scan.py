"""The good slots of one section, from the dump and its copy, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.dump.codec import Slot, unframe
from kerascrash.dump.contents import DamageNote
from kerascrash.dump.geometry import slot_index
from kerascrash.dump.layout import SLOT_HEADER, Section, SectionEntry

if TYPE_CHECKING:
    from kerascrash.dump.codec import Buffer

_BLANK = bytes(SLOT_HEADER.size)
_COUNTED = (
    Section.FINE,
    Section.EVENTS,
    Section.PROGRESS,
    Section.WATCH,
    Section.STDERR,
)


def scan_section(
    images: tuple[Buffer, ...], entry: SectionEntry, notes: list[DamageNote]
) -> list[Slot]:
    """
    Return the slots whose checksum and place are right, sorted by number.

    Of two copies of a slot the newer counts; a slot is damaged when something was
    written there and no copy is good.
    """
    size = max(map(len, images))
    present = min(entry.slots, -(-(size - entry.offset) // entry.slot_size))
    if entry.offset + entry.size > size:
        whole = max(0, (size - entry.offset) // entry.slot_size)
        text = f"the file ends after {whole} of {entry.slots} slots"
        notes.append(DamageNote(entry.title, text, size))
    slots: list[Slot] = []
    bad: list[int] = []
    for index in range(present):
        offset = entry.offset + index * entry.slot_size
        slot, written = _best_copy(images, entry, index, offset)
        if slot:
            slots.append(slot)
        elif written:
            bad.append(offset)
    slots.sort(key=lambda s: s.sequence)
    if bad:
        text = f"{len(bad)} damaged or half-written"
        notes.append(DamageNote(entry.title, f"{text} of {entry.slots} slots", bad[0]))
    elif missing := _missing(entry, slots, present):
        text = f"{missing} records are missing between others"
        notes.append(DamageNote(entry.title, text, entry.offset))
    return slots


def _best_copy(
    images: tuple[Buffer, ...], entry: SectionEntry, index: int, offset: int
) -> tuple[Slot | None, bool]:
    best: Slot | None = None
    written = False
    for image in images:
        head = image[offset : offset + SLOT_HEADER.size]
        if not head or head == _BLANK[: len(head)]:
            continue
        written = True
        slot = unframe(image, offset, entry.slot_size)
        if slot is None or slot_index(entry, slot.sequence) != index:
            continue
        if best is None or (slot.sequence, slot.time_ns) > (
            best.sequence,
            best.time_ns,
        ):
            best = slot
    return best, written


def _missing(entry: SectionEntry, slots: list[Slot], present: int) -> int:
    """Return how many of the records that the ring should still hold are not there."""
    if entry.section not in _COUNTED or not slots or present < entry.slots:
        return 0
    top = slots[-1].sequence
    return min(top, entry.slots) - len(slots)
