"""
Find the planes of a trace and their lines, without decoding any event.

A plane writes its lines before the names of its events and statistics, so the names are
read first and the lines afterwards, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.schema import has_unknown, message, parse
from kerascrash.collect.xplane.source import Source
from kerascrash.collect.xplane.wire import WireError, walk

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


@dataclass(slots=True)
class Plane:
    """
    One plane: its lines (``held``, or where they lie: ``lines``), and its names.

    ``flaw`` is the offset where its fields stop making sense.
    """

    start: int
    end: int
    name: str = ""
    lines: list[tuple[int, int]] = field(default_factory=list)
    held: list[bytes] = field(default_factory=list)
    events: dict[int, str] = field(default_factory=dict)
    stats: dict[int, str] = field(default_factory=dict)
    own_stats: Any = ()
    flaw: int | None = None


@dataclass(slots=True)
class Space:
    """What the top level of a trace holds; ``flaw`` as in a plane."""

    planes: list[Plane] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    flaw: int | None = None


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
    plane.own_stats = found.stats
    events, stats = _names(found.event_metadata), _names(found.stat_metadata)
    if events is None or stats is None:  # a number or a name was left out
        exact = parse("Plane", encoded) or message("Plane")
        events, stats = _by_key(exact.event_metadata), _by_key(exact.stat_metadata)
    plane.events, plane.stats = events, stats


def _names(columns: Any) -> dict[int, str] | None:
    """Return names by number, or None where they do not pair off."""
    keys, names = columns.key[:], columns.value.name[:]
    if len(keys) != len(names) or columns.value.id[:] != keys:
        return None
    texts = [name.decode("utf-8", "replace") for name in names]
    return dict(zip(keys, texts, strict=True))


def _by_key(entries: Any) -> dict[int, str]:
    return {one.key: as_text(one.value.name) for one in entries}


def own_stats(plane: Plane) -> Iterator[tuple[str, Any]]:
    """Yield (name, statistic) of the plane itself."""
    for stat in plane.own_stats:
        yield plane.stats.get(stat.metadata_id, ""), stat


def whole_number(stat: Any) -> int:
    """Return the integer of a statistic: writers choose signed or unsigned by value."""
    return int(stat.int64_value or stat.uint64_value or stat.double_value)


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
