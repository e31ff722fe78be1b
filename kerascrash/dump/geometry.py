"""
Where a record lies: the section table for a size, and the slot of a record.

Both are pure functions of numbers, so that the watcher can follow a ring and the
reader can check a slot's place without anything else being stored.
"""

from __future__ import annotations

from kerascrash.dump.layout import (
    LARGEST_SIZE,
    SLOT_HEADER,
    SMALLEST_SIZE,
    SUPERBLOCK_SIZE,
    SUPERBLOCKS,
    Section,
    SectionEntry,
)
from kerascrash.dump.records import DEVICE_FIELDS, RECORDER_FIELDS, WATCHER_FIELDS

COARSE_KEPT = 64
"""Coarse samples kept for ever: at one a second, the first minute of the run."""
_SAMPLE_STEP = 64

# (section, name, smallest slot in bytes, smallest number of slots, share of what is
# left over). Blobs and the certificate grow by slot size, rings by number of slots.
_PLAN: tuple[tuple[Section, str, int, int, int], ...] = (
    (Section.FINE, "", 0, 64, 18),
    (Section.COARSE, "", 0, 112, 12),
    (Section.EVENTS, "", 512, 32, 12),
    (Section.PROGRESS, "", 128, 8, 1),
    (Section.BLOB, "environment", 4096, 2, 4),
    (Section.BLOB, "models", 4096, 2, 13),
    (Section.BLOB, "inventory", 4096, 2, 14),
    (Section.BLOB, "stacks", 3072, 2, 7),
    (Section.BLOB, "pipelines", 1024, 2, 3),
    (Section.BLOB, "limits", 1024, 2, 1),
    (Section.BLOB, "allocators", 512, 2, 1),
    (Section.BLOB, "devices", 512, 2, 1),
    (Section.WATCH, "", 0, 24, 9),
    (Section.DEVICES, "", 0, 8, 3),
    (Section.STDERR, "", 1024, 4, 3),
    (Section.CERTIFICATE, "", 2048, 2, 3),
)
_FIELDS = {
    Section.FINE: RECORDER_FIELDS,
    Section.COARSE: RECORDER_FIELDS,
    Section.WATCH: WATCHER_FIELDS,
    Section.DEVICES: DEVICE_FIELDS,
}
_GROWING_SLOTS = (Section.BLOB, Section.CERTIFICATE)
_EVENTS_KEPT_SHARE = 4


def sample_slot_size(fields: int) -> int:
    """Return the slot size in bytes for a sample of ``fields`` values."""
    need = SLOT_HEADER.size + 8 * fields
    return -(-need // _SAMPLE_STEP) * _SAMPLE_STEP


def plan_sections(size: int) -> list[SectionEntry]:
    """
    Return the sections of a dump of ``size`` bytes, in file order.

    Raises ValueError outside SMALLEST_SIZE..LARGEST_SIZE.
    """
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise ValueError(
            f"a dump has {SMALLEST_SIZE} to {LARGEST_SIZE} bytes, not {size}"
        )
    base = [
        (s, name, slot or sample_slot_size(len(_FIELDS[s])), slots, share)
        for s, name, slot, slots, share in _PLAN
    ]
    offset = SUPERBLOCKS * SUPERBLOCK_SIZE
    spare = size - offset - sum(slot * slots for _, _, slot, slots, _ in base)
    shares = sum(share for *_, share in base)
    entries = []
    for section, name, slot, slots, share in base:
        extra = spare * share // shares
        if section in _GROWING_SLOTS:
            slot += extra // slots // 64 * 64
        else:
            slots += extra // slot
        entry = SectionEntry(
            section.value, name, offset, slot, slots, _FIELDS.get(section, ())
        )
        entry.kept = _kept_slots(section, slots)
        entry.slots = entry.kept + (slots - entry.kept) // 2 * 2
        entries.append(entry)
        offset += entry.size
    return entries


def _kept_slots(section: Section, slots: int) -> int:
    if section is Section.COARSE:
        return COARSE_KEPT
    return slots // _EVENTS_KEPT_SHARE if section is Section.EVENTS else 0


def slot_index(entry: SectionEntry, sequence: int) -> int:
    """
    Return the slot that record ``sequence`` (from 1) belongs in.

    The first ``kept`` records have a slot each; the rest go round. In the coarse
    ring ``sequence`` counts the samples taken, not those stored (see
    ``coarse_stride``).
    """
    number = sequence - 1
    if number < entry.kept:
        return number
    rest, ring = number - entry.kept, entry.slots - entry.kept
    if entry.section == "coarse":
        return entry.kept + _decimated_slot(rest, ring)
    return entry.kept + rest % ring


def coarse_stride(entry: SectionEntry, sequence: int) -> int:
    """
    Return the stride in force at coarse sample ``sequence``: a power of two.

    The sample is stored when its number after the kept ones is a multiple of it.
    The stride doubles each time that the ring is full, so a ring of R slots always
    holds R/2 to R evenly spaced samples of the whole run, and nothing ever moves.
    """
    rest = sequence - 1 - entry.kept
    if rest < 0:
        return 1
    return 1 << (rest // (entry.slots - entry.kept)).bit_length()


def is_stored(entry: SectionEntry, sequence: int) -> bool:
    """Return whether coarse sample ``sequence`` is stored at all."""
    rest = sequence - 1 - entry.kept
    return rest < 0 or rest % coarse_stride(entry, sequence) == 0


def next_stored(entry: SectionEntry, sequence: int) -> int:
    """Return the first sequence number stored after ``sequence`` (0: none yet)."""
    if entry.section != "coarse" or sequence < entry.kept:
        return sequence + 1
    following = sequence + 1
    stride = coarse_stride(entry, following)
    rest = following - 1 - entry.kept
    following += -rest % stride
    # The stride may have doubled on the way: then the multiple of the old one that
    # was reached is the first of the new phase, and a multiple of both.
    return following


def _decimated_slot(rest: int, ring: int) -> int:
    """
    Return the ring slot of number ``rest``, a multiple of its stride.

    In the phase with stride s >= 2 the i-th stored number is ``ring*s/2 + i*s``; it
    takes the place of ``(2*i + 1)*s/2``, the i-th number that is no multiple of s.
    """
    while rest >= ring:
        stride = 1 << (rest // ring).bit_length()
        i = (rest - ring * stride // 2) // stride
        rest = (2 * i + 1) * stride // 2
    return rest
