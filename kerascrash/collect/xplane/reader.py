"""
Read one ``*.xplane.pb`` (or its ``.gz``) into a Trace, in whatever state it is.

Planes whose structure is whole are read by it; what is damaged is searched for its
pieces. Large files are passed through once, block by block: only memory events and
steps of the host are decoded there, device planes are skipped.
"""

from __future__ import annotations

import os
import re

from kerascrash.collect.xplane.allocators import build_allocators
from kerascrash.collect.xplane.lines import Held, read_line
from kerascrash.collect.xplane.plane_names import PlaneNames
from kerascrash.collect.xplane.planes import (
    ENVIRONMENT,
    Plane,
    Space,
    is_cut,
    read_space,
)
from kerascrash.collect.xplane.source import Source
from kerascrash.collect.xplane.state import State
from kerascrash.collect.xplane.steps import input_share
from kerascrash.collect.xplane.wire import WireError
from kerascrash.model.trace import Step, Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.collect.xplane.wire import Readable

FORMAT = "xplane"
LARGE = 32 << 20  # above it only what matters to memory is decoded
_EPOCH_NS = 10**17  # line times above this are Unix time, below it the session's
# What is decoded of a large file: memory, and what steps are usually called.
_WANTED = (
    r"(?:MemoryAllocation|MemoryDeallocation|FunctionRun|SessionRun|TfrtSessionRun|"
    r"Profiled batch|train|train_function|multi_step_on_iterator|one_step_on_data|"
    r"PjitFunction\(.*\))$"
)
_MOST_STEPS = 500
_TRACE_MARKS = (b"/host:", b"/device:", b"xplane", b"MemoryAllocation")
_PS = 1e12
_SALVAGED = 0.8


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
    state = State(source)
    space = read_space(source)
    for plane in space.planes:
        _read_plane(state, plane)
    if space.flaw is not None:
        state.flaws.append((space.flaw, source.size))
    if state.flaws:
        from kerascrash.collect.xplane.recover import search_flaws  # few files need it

        search_flaws(state)
    status = _status(state, space)
    if status == "not a trace":
        notes = ("its bytes are no profiler trace",)
        return Trace(path, FORMAT, status, source.size_on_disk, notes=notes)
    return _build(path, state, space, status)


def _read_plane(state: State, plane: Plane) -> None:
    if plane.flaw is not None:
        state.flaws.append((plane.start, plane.end))
        return
    state.planes.append(plane.name)
    for name, value in plane.own_stats:
        if name == "profile_start_time":
            state.begin_ns = value
        elif name == "profile_stop_time":
            state.end_ns = value
        elif name == "memory_size" and plane.name.startswith("/device:"):
            state.devices[plane.name] = value
    large = state.source.size > LARGE
    if plane.name != ENVIRONMENT and not (large and plane.name.startswith("/device:")):
        _read_lines(state, plane, large=large)


def _read_lines(state: State, plane: Plane, *, large: bool) -> None:
    wanted = None
    if large:
        is_wanted = re.compile(_WANTED).match
        wanted = {key for key, name in plane.events.items() if is_wanted(name)}
    reader, source = state.reader, state.source
    names = PlaneNames(plane.name, plane.events, plane.stats)
    reader.memory.begin_plane(plane.stats)
    ranges: list[tuple[Readable, int, int]]
    ranges = [(Held(data), 0, len(data)) for data in plane.held]
    ranges += [(source, start, end) for start, end in plane.lines]
    for where, start, end in ranges:
        begin_ps = 0
        state.events_left -= end - start
        if state.events_left < 0:
            source.notes.append("too many events: the last lines were left out")
            break
        try:
            for piece in read_line(where, start, end, wanted):
                reader.seen += piece.skipped
                begin_ps = piece.head.begin_ps
                reader.read(names, piece.head.name, begin_ps, piece)
        except WireError as error:
            from kerascrash.collect.xplane.recover import search_line

            reader.bad += 1
            search_line(state, where, error.offset, end, begin_ps, names)


def _status(state: State, space: Space) -> str:
    whole = not state.flaws and space.flaw is None and not state.reader.bad
    if whole and space.planes and state.source.whole:
        return "ok"
    known = state.planes or (state.salvaged and state.reader.memory.columns)
    if not known:
        head = state.source.cut(0, 4 << 20)
        if not any(mark in head for mark in _TRACE_MARKS):
            return "not a trace"
    return "truncated" if not state.source.whole or is_cut(state.source) else "damaged"


def _build(path: str, state: State, space: Space, status: str) -> Trace:
    reader = state.reader
    steps = reader.steps.best()
    times = steps.times if steps else []
    base = reader.memory.base_ps or 0
    name = steps.name if steps else "step"
    origin = state.begin_ns / 1e9

    def seconds(time_ps: int) -> float:
        relative = time_ps < _EPOCH_NS * 1000
        return time_ps / _PS + (origin if relative else 0.0)

    host = space.hosts[0] if space.hosts else _host_of(path)
    flawed = state.salvaged or state.flaws or reader.bad
    confidence = _SALVAGED if flawed else 1.0
    allocators = build_allocators(
        reader.memory.columns,
        [time - base for time, _ in times],
        lambda time_ps: seconds(time_ps + base),
        host,
        confidence,
        _kind_of_devices(state.planes),
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
        input_share=input_share(steps, reader.ops.input_ps()),
        ops=reader.ops.rows(),
        notes=(*state.source.notes, *_why_no_memory(state)),
    )


def _kind_of_devices(planes: list[str]) -> str:
    kinds = {name.split(":")[1] for name in planes if name.startswith("/device:")}
    return "GPU" if "GPU" in kinds and "TPU" not in kinds else "TPU"


def _host_of(path: str) -> str:
    name = os.path.basename(path)
    return name.split(".xplane.pb")[0] if ".xplane.pb" in name else ""


def _why_no_memory(state: State) -> list[str]:
    if state.reader.memory.columns:
        return []
    if state.flaws:
        return ["no memory event could be recovered"]
    if any(name.startswith("/device:") for name in state.planes):
        return ["no memory events: host tracing was off, or nothing was allocated"]
    return ["no memory events: on a CPU only TensorFlow's pooling allocators write any"]
