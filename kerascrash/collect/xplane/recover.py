"""What is known while a trace is read, and the search for what damage hid."""

from __future__ import annotations

from dataclasses import dataclass, field

from kerascrash.collect.xplane.events import EventReader
from kerascrash.collect.xplane.lines import parse_events
from kerascrash.collect.xplane.memory_events import ALLOCATION, DEALLOCATION
from kerascrash.collect.xplane.plane_names import PlaneNames
from kerascrash.collect.xplane.planes import HOST, Space
from kerascrash.collect.xplane.salvage import MOST_BYTES, Section, find_sections
from kerascrash.collect.xplane.source import Source
from kerascrash.collect.xplane.unnamed import look_at, looks_like_memory, tell_frees

MOST_EVENT_BYTES = 1 << 30


@dataclass(slots=True)
class State:
    """
    What is known so far.

    ``flaws`` are ranges that structure did not lead through, ``left`` how many bytes of
    them may still be searched, ``events_left`` how many bytes of events read.
    """

    source: Source
    reader: EventReader = field(default_factory=EventReader)
    planes: list[str] = field(default_factory=list)
    devices: dict[str, int] = field(default_factory=dict)
    begin_ns: int = 0
    end_ns: int = 0
    flaws: list[tuple[int, int]] = field(default_factory=list)
    salvaged: bool = False
    left: int = MOST_BYTES
    events_left: int = MOST_EVENT_BYTES


def search_flaws(state: State, space: Space) -> None:
    """Search what structure did not lead to; bounded in bytes for any file."""
    size = state.source.size
    if space.flaw is not None:
        state.flaws.append((space.flaw, size))
    done = 0
    for start, end in sorted(state.flaws):
        begin = max(start, done)
        stop = min(end, size, begin + state.left)
        if stop <= begin:
            continue
        state.left -= stop - begin
        data = state.source.cut(begin, stop)
        for section in find_sections(data):
            read_section(state, section, data, None)
        done = stop
        if stop < min(end, size):
            state.source.notes.append(f"searched only {MOST_BYTES >> 20} MiB of damage")


def read_unnamed(reader: EventReader, section: Section, data: bytes) -> None:
    """Read memory events without any names; twice, as they are too many to be held."""
    looks = []
    for begin_ps, encoded in section.batches(data):
        events, bad = parse_events(encoded)
        reader.bad += bad
        reader.seen += len(events)
        looks += [look_at(begin_ps, one) for one in events if looks_like_memory(one)]
    frees = tell_frees(looks)
    for begin_ps, encoded in section.batches(data):
        for event in parse_events(encoded)[0]:
            freed = frees.get(event.metadata_id)
            if freed is not None and looks_like_memory(event):
                reader.memory.add(event, begin_ps, freed=freed)


def read_section(
    state: State, section: Section, data: bytes, names: PlaneNames | None
) -> None:
    """Read found events by the names of their plane: given, or found behind them."""
    reader = state.reader
    state.salvaged = True
    if names is None:
        names = PlaneNames(section.plane or HOST, section.events, section.stats)
        reader.memory.begin_plane(section.stats)
    if len(names.memory) < len((ALLOCATION, DEALLOCATION)):
        read_unnamed(reader, section, data)
        return
    for begin_ps, encoded in section.batches(data):
        events, bad = parse_events(encoded)
        reader.bad += bad
        reader.read(names, "", begin_ps, events)
