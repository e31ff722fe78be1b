"""
Find the planes of a trace and their lines, without decoding any event.

A plane writes its lines before the names of its events and statistics, so the names are
read first and the lines afterwards, piece by piece.
"""

from __future__ import annotations

import math

from kerascrash.collect.xplane.schema import has_unknown, message, parse
from kerascrash.collect.xplane.source import Source
from kerascrash.collect.xplane.wire import WireError, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_PLANES, _LINES = 1, 3
_NAMES = (4, 5)  # of events and of statistics
_PLANE_FIELDS = {1, 2, 3, 4, 5, 6}
_SPACE_FIELDS = {1, 2, 3, 4}
_HOSTNAMES = 4
_WHOLE = 256 << 10  # up to this size a plane is split by protobuf: faster, more copies
_LARGEST_REST = 4 << 20
_LARGEST_ENTRY = 1 << 20  # HLO modules lie among the names of /host:metadata
_MOST_NAMES = 64 << 20
_LARGEST_EVENT = 64 << 10
HOST = "/host:CPU"
ENVIRONMENT = "Task Environment"


class Plane:
    """
    One plane: its lines (``held``, or where they lie: ``lines``), and its names.

    ``own_stats`` are its own (name, whole number); ``flaw`` is the offset where its
    fields stop making sense.
    """

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.name = ""
        self.lines: list[tuple[int, int]] = []
        self.held: list[bytes] = []
        self.events: dict[int, str] = {}
        self.stats: dict[int, str] = {}
        self.own_stats: list[tuple[str, int]] = []
        self.flaw: int | None = None


class Space:
    """What the top level of a trace holds; ``flaw`` as in a plane."""

    def __init__(self) -> None:
        self.planes: list[Plane] = []
        self.hosts: list[str] = []
        self.flaw: int | None = None


def read_space(source: Source) -> Space:
    """Return the planes that can be told from the file's structure."""
    space = Space()
    try:
        for number, _, start, end in walk(source, 0, source.size):
            if number not in _SPACE_FIELDS:
                raise WireError(start, cut=False)
            if number == _PLANES:
                space.planes.append(read_plane(source, start, min(end, source.size)))
            elif number == _HOSTNAMES and end <= source.size:
                space.hosts.append(as_text(source.cut(start, min(end, start + 256))))
    except WireError as error:
        space.flaw = error.offset
    return space


def read_plane(source: Source, start: int, end: int) -> Plane:
    """Return the plane in that range; where it cannot be read is its ``flaw``."""
    plane = Plane(start, end)
    if source.in_memory and end - start <= _WHOLE and _take(plane, source, start):
        return plane
    names: list[bytes] = []
    size = 0
    tried = not source.in_memory
    try:
        for number, at, body, stop in walk(source, start, end):
            if number not in _PLANE_FIELDS:
                raise WireError(at, cut=False)
            if number == _LINES:
                plane.lines.append((body, min(stop, end)))
            elif number in _NAMES and not tried and end - at <= _LARGEST_REST:
                # Thousands of small fields follow, and seldom a line among them.
                tried = True
                if _take(plane, source, at, names):
                    return plane
            whole = stop <= end and stop - at <= _LARGEST_ENTRY
            if number != _LINES and whole and size < _MOST_NAMES:
                names.append(source.cut(at, stop))
                size += stop - at
    except WireError as error:
        plane.flaw = error.offset
    _read_names(plane, names)
    return plane


def _take(plane: Plane, source: Source, at: int, before: Sequence[bytes] = ()) -> bool:
    """Let protobuf split the plane from ``at`` to its end; return whether it could."""
    encoded = b"".join((*before, source.cut(at, plane.end)))
    found = parse("PlaneOfColumns", encoded)
    if found is None or has_unknown(found):
        return False
    plane.held = list(found.lines)
    _take_names(plane, found, encoded)
    return True


def _read_names(plane: Plane, entries: list[bytes]) -> None:
    encoded = b"".join(entries)
    found = parse("PlaneOfColumns", encoded)
    if found is None:  # one bad entry must not cost the others
        good = [entry for entry in entries if parse("Plane", entry) is not None]
        if len(good) < len(entries):
            plane.flaw = plane.flaw or plane.start
        encoded = b"".join(good)
        found = parse("PlaneOfColumns", encoded) or message("PlaneOfColumns")
    _take_names(plane, found, encoded)


def _take_names(plane: Plane, found: Any, encoded: bytes) -> None:
    plane.name = as_text(found.name)
    events, stats = _names(found.event_metadata), _names(found.stat_metadata)
    plane.events = _exact_names(encoded, "event") if events is None else events
    plane.stats = _exact_names(encoded, "stat") if stats is None else stats
    # Not the messages: each keeps all that was parsed with it in memory.
    plane.own_stats = [
        (plane.stats.get(stat.metadata_id, ""), _whole_number(stat))
        for stat in found.stats
    ]


def _names(columns: Any) -> dict[int, str] | None:
    """Return names by number; None where they do not pair off: one was left out."""
    keys, names = columns.key[:], columns.value.name[:]
    if len(keys) != len(names) or columns.value.id[:] != keys:
        return None
    texts = [name.decode("utf-8", "replace") for name in names]
    return dict(zip(keys, texts, strict=True))


def _exact_names(encoded: bytes, kind: str) -> dict[int, str]:
    """Return the same, entry by entry."""
    found = parse("Plane", encoded) or message("Plane")
    entries = getattr(found, f"{kind}_metadata")
    return {one.key: as_text(one.value.name) for one in entries}


def _whole_number(stat: Any) -> int:
    """Return the integer of a statistic: writers choose signed or unsigned by value."""
    value = stat.int64_value or stat.uint64_value or stat.double_value
    return int(value) if math.isfinite(value) else 0


def as_text(raw: bytes) -> str:
    """Return text, whatever the bytes."""
    return raw.decode("utf-8", "replace")


def is_cut(source: Source) -> bool:
    """
    Tell whether the file is whole as far as it goes, and only ends too early.

    The field that runs over the end is followed inside: plane, line, event.
    """
    start = 0
    for allowed, container in ((_SPACE_FIELDS, _PLANES), (_PLANE_FIELDS, _LINES)):
        last, cut = None, False
        try:
            for last in walk(source, start, source.size):
                if last[0] not in allowed:
                    return False
        except WireError as error:
            cut = error.cut
        if not cut or last is None:
            return cut or start > 0
        if last[3] <= source.size or last[0] != container:
            return source.size - last[1] < _LARGEST_ENTRY
        start = last[2]
    return _ends_in_an_event(source, start)


def _ends_in_an_event(source: Source, start: int) -> bool:
    last = start
    try:
        for _, at, _, _ in walk(source, start, source.size):
            last = at
    except WireError as error:
        return error.cut and source.size - last < _LARGEST_EVENT
    return True
