"""What the profiler's tools answered, in the words of the model; nothing is trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kerascrash.model.profiler_tools import (
    PeakCheck,
    ProfilerTools,
    XlaBuffer,
    XlaModule,
)
from kerascrash.model.trace import OpTime, Trace

_MOST_OPS = 15
_MOST_MODULES = 6
_MOST_BUFFERS = 6
_MIB = 1 << 20
_IDLE = "IDLE"
_STATES = {"none": "answered None", "empty": "gave an empty answer"}
_PEAKS, _OPS = "memory_profile", "framework_op_stats"


def read_answer(answer: Any, trace: Trace) -> tuple[ProfilerTools | None, str]:
    """Return what was told, and in words which tool told nothing and why."""
    told = _map(answer)
    if told.get("failed"):
        return None, f"they cannot be loaded: {_text(told.get('failed'))}"
    tools = _map(told.get("tools"))
    notes = [
        f"{name} {why}" for name in (_PEAKS, _OPS) if (why := _flaw(tools.get(name)))
    ]
    modules = [
        module
        for name, row in _map(told.get("modules")).items()
        if (module := _module(str(name), _map(_map(row).get("data")))) is not None
    ]
    modules.sort(key=lambda module: -module.peak_bytes)
    found = ProfilerTools(
        version=_text(told.get("version")),
        peaks=tuple(_peaks(_map(_map(tools.get(_PEAKS)).get("data")), trace)),
        ops=tuple(_ops(_map(tools.get(_OPS)).get("data")))[:_MOST_OPS],
        modules=tuple(modules[:_MOST_MODULES]),
        notes=tuple(notes),
    )
    return found, "; ".join(notes)


def _flaw(row: Any) -> str:
    """Return in words why a tool told nothing, nothing if it did."""
    state = _map(row).get("state")
    if state == "ok":
        return ""
    if state == "failed":
        return f"failed: {_text(_map(row).get('error'))}"
    return _STATES.get(str(state), "was not asked")


def _peaks(data: Mapping[str, Any], trace: Trace) -> Iterator[PeakCheck]:
    """Yield the peaks in the window beside ours; an allocator they miss has 0."""
    theirs = {}
    for name, row in _map(data.get("memoryProfilePerAllocator")).items():
        stats = _map(_map(_map(row).get("profileSummary")).get("peakStats"))
        theirs[str(name)] = int(_number(stats.get("peakBytesInUse")))
    if not theirs:
        return
    ours = {one.name: one.peak_bytes for one in trace.allocators}
    for name in sorted({*ours, *theirs}):
        yield PeakCheck(name, theirs.get(name, 0), ours.get(name, 0))


def _ops(data: Any) -> Iterator[OpTime]:
    """Yield ops by their own time, from the table that has rows."""
    for table in data if isinstance(data, list) else [data]:
        columns = [_map(one).get("id") for one in _list(_map(table).get("cols"))]
        for row in _list(_map(table).get("rows")):
            cells = [_map(cell).get("v") for cell in _list(_map(row).get("c"))]
            known = dict(zip(columns, cells, strict=False))
            name = _text(known.get("operation"))
            if name and known.get("type") != _IDLE:
                where = _text(known.get("host_or_device"))
                count = int(_number(known.get("occurrences")))
                seconds = _number(known.get("total_self_time")) / 1e6
                yield OpTime(name, where, count, seconds)
        if columns and _list(_map(table).get("rows")):
            return


def _module(name: str, data: Mapping[str, Any]) -> XlaModule | None:
    peak = _number(data.get("peakHeapMib")) or _number(
        data.get("totalBufferAllocationMib")
    )
    if not peak:
        return None
    buffers = [
        XlaBuffer(
            name=_text(row.get("instructionName")),
            shape=_text(row.get("shapeString")).split("{")[0],
            op=_text(row.get("tfOpName")),
            kind=_text(row.get("groupName")).lower(),
            bytes=round(_number(row.get("logicalBufferSizeMib")) * _MIB),
            line=_line(_map(row.get("sourceInfo"))),
        )
        for row in map(_map, _list(data.get("maxHeapBySize")))
        if row.get("instructionName")
    ]
    shown = _text(data.get("moduleName")) or name
    return XlaModule(shown, round(peak * _MIB), tuple(buffers[:_MOST_BUFFERS]))


def _line(place: Mapping[str, Any]) -> str:
    """Return ``file:line``; a line within an installed library is nobody's own."""
    file, line = _text(place.get("fileName")), int(_number(place.get("lineNumber")))
    if not file or "site-packages" in file:
        return ""
    return f"{file}:{line}" if line else file


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""


def _number(value: object) -> float:
    """Return a number, 0 for none: 64-bit integers come as text."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return found if math.isfinite(found) and abs(found) < 1 << 62 else 0.0
