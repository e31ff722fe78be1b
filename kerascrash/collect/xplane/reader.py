"""
Read one ``*.xplane.pb`` (or its ``.gz``) into a Trace, in whatever state it is.

Planes whose structure is whole are read by it; what is damaged is searched for its
pieces. Large files are passed through once, block by block: only memory events and
steps of the host are decoded there, device planes are skipped.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from kerascrash.collect.xplane.allocators import build_allocators
from kerascrash.collect.xplane.events import EventReader, PlaneNames
from kerascrash.collect.xplane.lines import Held, read_line
from kerascrash.collect.xplane.memory_events import ALLOCATION, DEALLOCATION
from kerascrash.collect.xplane.planes import (
    ENVIRONMENT,
    HOST,
    Plane,
    Space,
    is_cut,
    own_stats,
    read_space,
    whole_number,
)
from kerascrash.collect.xplane.salvage import MOST_BYTES, Section, find_sections
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.source import IN_MEMORY, Source
from kerascrash.collect.xplane.wire import WireError
from kerascrash.model.trace import Step, Trace

FORMAT = "xplane"
_EPOCH_NS = 10**17  # line times above this are Unix time, below it the session's
_WANTED = (ALLOCATION, DEALLOCATION, "FunctionRun", "SessionRun", "TfrtSessionRun")
_MOST_STEPS = 500
_TRACE_MARKS = (b"/host:", b"/device:", b"xplane", b"MemoryAllocation")
_PS = 1e12
_SALVAGED = 0.8


@dataclass(slots=True)
class _State:
    """What is known while a file is read."""

    source: Source
    reader: EventReader = field(default_factory=EventReader)
    planes: list[str] = field(default_factory=list)
    devices: dict[str, int] = field(default_factory=dict)
    begin_ns: int = 0
    end_ns: int = 0
    flaws: list[tuple[int, int]] = field(default_factory=list)
    salvaged: bool = False
    left: int = MOST_BYTES


def read_xplane(path: str) -> Trace:
    """Return the trace; a file that is none, or that cannot be opened, is said so."""
    try:
        if not os.path.isfile(path):
            return Trace(path, FORMAT, "not a trace", 0, notes=("not a regular file",))
        with Source(path) as source:
            return _read(path, source)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        return Trace(path, FORMAT, "not a trace", 0, notes=(reason,))


def _read(path: str, source: Source) -> Trace:
    if source.size == 0:
        why = "empty: killed while writing, the disk full, or a window above 2 GiB"
        return Trace(path, FORMAT, "empty", source.size_on_disk, notes=(why,))
    state = _State(source)
    space = read_space(source)
    for plane in space.planes:
        _read_plane(state, plane)
    _salvage(state, space)
    status = _status(state, space)
    if status == "not a trace":
        notes = ("its bytes are no profiler trace",)
        return Trace(path, FORMAT, status, source.size_on_disk, notes=notes)
    return _build(path, state, space, status)


def _read_plane(state: _State, plane: Plane) -> None:
    if plane.flaw is not None:
        state.flaws.append((plane.start, plane.end))
        return
    state.planes.append(plane.name)
    for name, stat in own_stats(plane):
        if name == "profile_start_time":
            state.begin_ns = whole_number(stat)
        elif name == "profile_stop_time":
            state.end_ns = whole_number(stat)
        elif name == "memory_size" and plane.name.startswith("/device:"):
            state.devices[plane.name] = whole_number(stat)
    large = state.source.size > IN_MEMORY
    if plane.name != ENVIRONMENT and not (large and plane.name.startswith("/device:")):
        _read_lines(state, plane, large=large)


def _read_lines(state: _State, plane: Plane, *, large: bool) -> None:
    wanted = None
    if large:
        wanted = {key for key, name in plane.events.items() if name in _WANTED}
    reader, source = state.reader, state.source
    names = PlaneNames(plane.name, plane.events, plane.stats)
    reader.memory.begin_plane(plane.stats)
    ranges = [(Held(data), 0, len(data)) for data in plane.held]
    for where, start, end in ranges or [(source, *line) for line in plane.lines]:
        begin_ps = 0
        try:
            for piece in read_line(where, start, end, wanted):
                reader.bad += piece.bad
                reader.seen += piece.skipped
                begin_ps = piece.head.begin_ps
                reader.read(names, piece.head.name, begin_ps, piece.events)
        except WireError as error:
            reader.bad += 1
            stop = min(end, error.offset + state.left)
            state.left -= stop - error.offset
            rest = where.cut(error.offset, stop)
            for section in find_sections(rest, begin_ps):
                _read_section(state, section, rest, names)


def _salvage(state: _State, space: Space) -> None:
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
            _read_section(state, section, data, None)
        done = stop
        if stop < min(end, size):
            state.source.notes.append(f"searched only {MOST_BYTES >> 20} MiB of damage")


def _read_section(
    state: _State, section: Section, data: bytes, names: PlaneNames | None
) -> None:
    """Read found events by the names of their plane: given, or found behind them."""
    reader = state.reader
    state.salvaged = True
    if names is None:
        names = PlaneNames(section.plane or HOST, section.events, section.stats)
        reader.memory.begin_plane(section.stats)
    if len(names.memory) < len((ALLOCATION, DEALLOCATION)):
        reader.read_unnamed(section.spans, data)
        return
    by_line: dict[int, list[bytes]] = {}
    for begin_ps, start, end in section.spans:
        by_line.setdefault(begin_ps, []).append(data[start:end])
    for begin_ps, found in by_line.items():
        events = [parse("Event", one) for one in found]
        whole = [event for event in events if event is not None]
        reader.bad += len(events) - len(whole)
        reader.read(names, "", begin_ps, whole)


def _status(state: _State, space: Space) -> str:
    whole = not state.flaws and space.flaw is None and not state.reader.bad
    if whole and space.planes and state.source.whole:
        return "ok"
    known = state.planes or (state.salvaged and state.reader.memory.columns)
    if not known:
        head = state.source.cut(0, 4 << 20)
        if not any(mark in head for mark in _TRACE_MARKS):
            return "not a trace"
    return "truncated" if not state.source.whole or is_cut(state.source) else "damaged"


def _build(path: str, state: _State, space: Space, status: str) -> Trace:
    reader = state.reader
    steps = reader.steps.best()
    times = steps.times if steps else []
    name = steps.name if steps else "step"
    origin = state.begin_ns / 1e9

    def seconds(time_ps: int) -> float:
        relative = time_ps < _EPOCH_NS * 1000
        return time_ps / _PS + (origin if relative else 0.0)

    host = space.hosts[0] if space.hosts else _host_of(path)
    confidence = _SALVAGED if state.salvaged else 1.0
    allocators = build_allocators(
        reader.memory.columns, [time for time, _ in times], seconds, host, confidence
    )
    return Trace(
        path=path,
        format=FORMAT,
        status=status,
        size=state.source.size_on_disk,
        host=host,
        begin=state.begin_ns / 1e9 or None,
        end=state.end_ns / 1e9 or None,
        recovered=reader.seen - reader.memory.unreadable,
        bad=reader.bad + reader.memory.unreadable + len(state.flaws),
        planes=tuple(state.planes),
        devices=state.devices,
        allocators=allocators,
        steps=tuple(Step(name, seconds(t), d / _PS) for t, d in times[-_MOST_STEPS:]),
        input_share=reader.steps.input_share(steps),
        ops=reader.op_table(),
        notes=(*state.source.notes, *_why_no_memory(state)),
    )


def _host_of(path: str) -> str:
    name = os.path.basename(path)
    return name.split(".xplane.pb")[0] if ".xplane.pb" in name else ""


def _why_no_memory(state: _State) -> list[str]:
    if state.reader.memory.columns:
        return []
    if state.flaws:
        return ["no memory event could be recovered"]
    if any(name.startswith("/device:") for name in state.planes):
        return ["no memory events: host tracing was off, or nothing was allocated"]
    return ["no memory events: on a CPU only TensorFlow's pooling allocators write any"]
