"""What is new in a dump since the last look, without reading all of it."""

from __future__ import annotations

from kerascrash.dump.codec import Slot, peek_sequence, unframe
from kerascrash.dump.geometry import next_stored, slot_index
from kerascrash.dump.layout import (
    SLOT_HEADER,
    SUPERBLOCK,
    SUPERBLOCK_SIZE,
    SUPERBLOCKS,
    SectionEntry,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.dump.codec import Buffer

_LOOK_AHEAD = 16
_STAMP = 16  # sequence number and time: what changes when a slot is written again


class RingFollower:
    """
    Follows one section that another thread or process is writing.

    Numbers may be stored out of order (each thread draws its own): one that is not
    there yet is looked for again, up to ``_LOOK_AHEAD`` of them.
    """

    __slots__ = ("_buffer", "_entry", "_late", "_stamp", "_top")

    def __init__(self, buffer: Buffer, entry: SectionEntry, top: int = 0) -> None:
        self._buffer = buffer
        self._entry = entry
        self._top = top
        self._late: list[int] = []
        self._stamp = self._stamp_of(top) if top else b""

    def new_slots(self) -> list[tuple[int, Slot]]:
        """Return (offset, slot) of what came since the last call, oldest first."""
        found = [hit for seq in self._late if (hit := self._look(seq))]
        here = {slot.sequence for _, slot in found}
        self._late = [seq for seq in self._late if seq not in here]
        if self._top and self._stamp_of(self._top) != self._stamp:
            again = self._look(self._top)
            found += [again] if again else []
        ahead = self._look_ahead()
        if ahead:
            self._top = ahead[-1][1].sequence
        if self._top:
            self._stamp = self._stamp_of(self._top)
        self._late = self._late[-_LOOK_AHEAD:]
        return found + ahead

    def newest(self) -> Slot | None:
        """Return the record with the highest number, if there is one."""
        self.new_slots()
        hit = self._look(self._top) if self._top else None
        return hit[1] if hit else None

    def _look_ahead(self) -> list[tuple[int, Slot]]:
        entry = self._entry
        ahead: list[tuple[int, Slot]] = []
        misses: list[int] = []
        sequence = next_stored(entry, self._top)
        for _ in range(2 * entry.slots + _LOOK_AHEAD):
            if len(misses) >= _LOOK_AHEAD:
                break
            claimed = peek_sequence(self._buffer, entry, slot_index(entry, sequence))
            hit = self._look(sequence) if claimed == sequence else None
            if hit:
                ahead.append(hit)
                self._late += misses
                misses = []
            elif claimed <= sequence or not self._look(claimed):
                misses.append(sequence)
            elif entry.section != "coarse":
                # The ring went round since the last call: go to its oldest record.
                oldest = claimed - (entry.slots - entry.kept)
                sequence = max(sequence, oldest)
            sequence = next_stored(entry, sequence)
        return ahead

    def _look(self, sequence: int) -> tuple[int, Slot] | None:
        entry = self._entry
        offset = entry.offset + slot_index(entry, sequence) * entry.slot_size
        slot = unframe(self._buffer, offset, entry.slot_size)
        if slot is None or slot.sequence != sequence:
            return None
        return offset, slot

    def _stamp_of(self, sequence: int) -> bytes:
        entry = self._entry
        offset = entry.offset + slot_index(entry, sequence) * entry.slot_size
        return bytes(self._buffer[offset : offset + _STAMP])


class DumpFollower:
    """Follows the superblocks and all sections of a dump."""

    __slots__ = ("_buffer", "_heads", "_rings")

    def __init__(self, buffer: Buffer, entries: list[SectionEntry]) -> None:
        self._buffer = buffer
        self._heads = [b""] * SUPERBLOCKS
        self._rings = [RingFollower(buffer, entry) for entry in entries]

    def changed(self) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, bytes) of each superblock and slot that is new."""
        buffer = self._buffer
        for i in range(SUPERBLOCKS):
            begin = i * SUPERBLOCK_SIZE
            head = bytes(buffer[begin : begin + SUPERBLOCK.size])
            if head != self._heads[i]:
                self._heads[i] = head
                yield begin, bytes(buffer[begin : begin + SUPERBLOCK_SIZE])
        for ring in self._rings:
            for offset, slot in ring.new_slots():
                end = offset + SLOT_HEADER.size + len(slot.payload)
                yield offset, bytes(buffer[offset:end])


def highest_sequence(buffer: Buffer, entry: SectionEntry) -> int:
    """Return the highest number of a good slot of a section (0: none); scans it."""
    highest = 0
    for index in range(entry.slots):
        if peek_sequence(buffer, entry, index) > highest:
            slot = unframe(
                buffer, entry.offset + index * entry.slot_size, entry.slot_size
            )
            highest = slot.sequence if slot else highest
    return highest
