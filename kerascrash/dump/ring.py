"""
One section as its writer sees it: draw a number, place one framed slot.

Lock-free: ``itertools.count`` hands every thread its own sequence number, and a
slot is stored by one slice assignment, which runs under the GIL and is one memcpy
(``struct.pack_into`` zero-fills first and left torn slots behind at a SIGKILL).
"""

from __future__ import annotations

from itertools import count, islice

from kerascrash.dump.codec import frame
from kerascrash.dump.geometry import slot_index
from kerascrash.dump.layout import FLAG_CONTINUED, FLAG_MORE, SectionEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap


class Ring:
    """Writes the slots of one section; ``start`` is the first sequence number."""

    __slots__ = ("_base", "_map", "_numbers", "_slot_size", "entry", "room")

    def __init__(self, mapping: mmap.mmap, entry: SectionEntry, start: int = 1) -> None:
        self.entry = entry
        self.room = entry.room
        self._map = mapping
        self._base = entry.offset
        self._slot_size = entry.slot_size
        self._numbers = count(start)

    def put(self, time_ns: int, payload: bytes, kind: int = 0, flags: int = 0) -> int:
        """Store one record and return its number; ValueError when it is too long."""
        if len(payload) > self.room:
            raise ValueError("the payload is larger than a slot")
        sequence = next(self._numbers)
        data = frame(sequence, time_ns, kind, flags, payload)  # as put_at: each step
        begin = self._base + slot_index(self.entry, sequence) * self._slot_size
        self._map[begin : begin + len(data)] = data
        return sequence

    def put_at(
        self, sequence: int, time_ns: int, payload: bytes, kind: int = 0, flags: int = 0
    ) -> None:
        """Store a record under a number that the caller has drawn or reuses."""
        data = frame(sequence, time_ns, kind, flags, payload)
        begin = self._base + slot_index(self.entry, sequence) * self._slot_size
        self._map[begin : begin + len(data)] = data

    def put_long(self, time_ns: int, payload: bytes, kind: int) -> None:
        """
        Store one record over as many slots as it needs.

        Raises ValueError when it would take more than a quarter of the ring, or
        when the numbers drawn are not consecutive.
        """
        room, entry = self.room, self.entry
        parts = [payload[i : i + room] for i in range(0, len(payload), room)]
        if len(parts) > max_parts(entry):
            raise ValueError("the record is larger than a quarter of its ring")
        # Runs in C without a switch of threads, so that the numbers are consecutive.
        numbers = list(islice(self._numbers, len(parts)))
        if numbers[-1] - numbers[0] != len(parts) - 1:
            raise ValueError("the numbers drawn are not consecutive")
        last = len(parts) - 1
        for i, (sequence, part) in enumerate(zip(numbers, parts, strict=True)):
            flags = (FLAG_MORE if i < last else 0) | (FLAG_CONTINUED if i else 0)
            self.put_at(sequence, time_ns, part, kind, flags)

    def draw(self) -> int:
        """Return the next sequence number without storing anything."""
        return next(self._numbers)


def max_parts(entry: SectionEntry) -> int:
    """Return how many slots of a ring one record may take."""
    return max(1, (entry.slots - entry.kept) // 4)
