"""Records that go on in the next slot, put together again."""

from __future__ import annotations

from kerascrash.dump.codec import Slot
from kerascrash.dump.layout import FLAG_CONTINUED, FLAG_MORE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def join_chains(slots: Iterable[Slot]) -> tuple[list[Slot], list[int]]:
    """
    Return whole records in order, and the numbers at which one was broken off.

    ``slots`` are sorted by sequence number. A rest whose beginning is gone is given
    as broken too: the caller knows whether the ring has gone round.
    """
    whole: list[Slot] = []
    broken: list[int] = []
    open_parts: list[Slot] = []
    for slot in slots:
        goes_on = bool(slot.flags & FLAG_CONTINUED)
        fits = bool(open_parts) and slot.sequence == open_parts[-1].sequence + 1
        if open_parts and not (goes_on and fits):
            broken.append(open_parts[0].sequence)
            open_parts = []
        if goes_on and not open_parts:
            broken.append(slot.sequence)
        elif slot.flags & FLAG_MORE:
            open_parts.append(slot)
        elif open_parts:
            whole.append(_joined([*open_parts, slot]))
            open_parts = []
        else:
            whole.append(slot)
    if open_parts:
        broken.append(open_parts[0].sequence)
    return whole, broken


def _joined(parts: list[Slot]) -> Slot:
    first = parts[0]
    payload = b"".join(part.payload for part in parts)
    return Slot(first.sequence, first.time_ns, first.kind, 0, payload)
