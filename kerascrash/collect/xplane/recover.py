"""The search for what damage hid; only a damaged trace needs it."""

from __future__ import annotations

from kerascrash.collect.xplane.events import EventReader
from kerascrash.collect.xplane.lines import parse_events
from kerascrash.collect.xplane.plane_names import ALLOCATION, DEALLOCATION, PlaneNames
from kerascrash.collect.xplane.planes import HOST
from kerascrash.collect.xplane.salvage import Section, find_sections
from kerascrash.collect.xplane.state import MOST_SEARCHED, State
from kerascrash.collect.xplane.unnamed import look_at, looks_like_memory, tell_frees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.collect.xplane.wire import Readable


def search_flaws(state: State) -> None:
    """Search what structure did not lead to; bounded in bytes for any file."""
    size = state.source.size
    done = 0
    for start, end in sorted(state.flaws):
        begin = max(start, done)
        stop = min(end, size, begin + state.left)
        if stop <= begin:
            continue
        state.left -= stop - begin
        data = state.source.cut(begin, stop)
        for section in find_sections(data):
            _read_section(state, section, data, None)
        done = stop
        if stop < min(end, size):
            note = f"searched only {MOST_SEARCHED >> 20} MiB of damage"
            state.source.notes.append(note)


def search_line(
    state: State,
    where: Readable,
    start: int,
    end: int,
    begin_ps: int,
    names: PlaneNames,
) -> None:
    """Search the rest of a line whose plane is whole."""
    stop = min(end, start + state.left)
    state.left -= stop - start
    rest = where.cut(start, stop)
    for section in find_sections(rest, begin_ps):
        _read_section(state, section, rest, names)


def _read_unnamed(reader: EventReader, section: Section, data: bytes) -> None:
    """Read memory events without any names; twice, as they are too many to be held."""
    looks = []
    for begin_ps, encoded in section.batches(data):
        piece = parse_events(encoded)
        events = piece.exact()
        reader.bad += piece.bad
        reader.seen += len(events)
        looks += [look_at(begin_ps, one) for one in events if looks_like_memory(one)]
    frees = tell_frees(looks)
    for begin_ps, encoded in section.batches(data):
        piece = parse_events(encoded)
        found = [
            (at, piece.events[at], frees[event.metadata_id])
            for at, event in enumerate(piece.exact())
            if event.metadata_id in frees and looks_like_memory(event)
        ]
        reader.memory.add(piece, begin_ps, found)


def _read_section(
    state: State, section: Section, data: bytes, names: PlaneNames | None
) -> None:
    """Read found events by the names of their plane: given, or found behind them."""
    reader = state.reader
    state.salvaged = True
    if names is None:
        names = PlaneNames(section.plane or HOST, section.events, section.stats)
        reader.memory.begin_plane(section.stats)
    if len(names.memory) < len((ALLOCATION, DEALLOCATION)):
        _read_unnamed(reader, section, data)
        return
    for begin_ps, encoded in section.batches(data):
        reader.read(names, "", begin_ps, parse_events(encoded))
