"""
Pass over events fast, without decoding them: the loop that long traces spend time in.

It understands only what writers really write (an event with a length of one or two
bytes that begins with its metadata id) and stops at anything else.
"""

from __future__ import annotations

from collections.abc import Collection

_EVENT, _METADATA = 0x22, 0x08
_MARGIN = 64  # so that no index runs over the block


def skim(
    data: bytes, at: int, end: int, wanted: Collection[int] | None
) -> tuple[list[bytes], int, int]:
    """
    Return (encoded fields of wanted events, how many others, where it stopped).

    ``wanted`` are metadata ids, None for all: those are returned in one run of bytes.

    ``at`` and ``end`` are positions in ``data``; it stops before the first field that
    it does not understand or that does not end within the block.
    """
    last = min(end, len(data)) - _MARGIN
    if wanted is None:
        stop = _end_of_run(data, at, last)
        return [data[at:stop]] if stop > at else [], 0, stop
    kept: list[bytes] = []
    skipped = 0
    while at < last and data[at] == _EVENT:
        length, body = data[at + 1], at + 2
        if length >= 0x80:
            high = data[body]
            if high >= 0x80:
                break
            length, body = length & 0x7F | high << 7, body + 1
        stop = body + length
        if stop > last or data[body] != _METADATA:
            break
        kind = data[body + 1]
        if kind >= 0x80:
            high = data[body + 2]
            if high >= 0x80:
                break
            kind = kind & 0x7F | high << 7
        if kind in wanted:
            kept.append(data[at:stop])
        else:
            skipped += 1
        at = stop
    return kept, skipped, at


def _end_of_run(data: bytes, at: int, last: int) -> int:
    """Return where the events that lie one after the other from ``at`` on end."""
    stop = at
    while stop < last and data[stop] == _EVENT:
        at, length = stop, data[stop + 1]
        if length < 0x80:
            stop += 2 + length
        else:
            high = data[stop + 2]
            if high >= 0x80:
                break
            stop += 3 + (length & 0x7F | high << 7)
    return stop if stop <= last else at
