"""
Read what older profilers wrote beside a trace, or in its place.

``*.memory_profile.json.gz`` is what a converter made of the memory events: its peak and
timeline are taken over, its list of live allocations with the caution that it shows the
peak's own step only. ``*.trace.json.gz`` holds events for a viewer, no memory.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from kerascrash.collect.allocator_names import device_of
from kerascrash.collect.trace_files import CHROME, MEMORY_PROFILE
from kerascrash.collect.xplane.source import Source
from kerascrash.model.trace import AllocatorMemory, LiveGroup, OpTime, Trace

_MOST_BYTES = 64 << 20  # of unpacked JSON
_CONVERTED = 0.7  # the converter lists the peak's own step only
_OLDER = "unused preallocated device memory"
_MOST_POINTS = 1000
_MOST_OPS = 40


def read_side_file(path: str, kind: str) -> Trace:
    """Return the trace; what cannot be read is told by its status."""
    try:
        with Source(path) as source:
            size, whole = source.size_on_disk, source.whole
            text = source.cut(0, _MOST_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        return Trace(path, kind, "not a trace", 0, notes=(reason,))
    if not text:
        return Trace(path, kind, "empty", size)
    if len(text) > _MOST_BYTES:
        return Trace(path, kind, "damaged", size, notes=("too large to be read",))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        status = "damaged" if whole and text[:1] in b"{[" else "truncated"
        status = status if text[:1] in (b"{", b"[") else "not a trace"
        return Trace(path, kind, status, size, notes=("its JSON cannot be read",))
    if not isinstance(data, Mapping):
        return Trace(path, kind, "not a trace", size)
    host = os.path.basename(path).split(f".{_stem(kind)}.json")[0]
    if kind == MEMORY_PROFILE:
        allocators = tuple(_allocators(data, host))
        status = "ok" if allocators else "not a trace"
        count = sum(one.allocations for one in allocators)
        return Trace(
            path, kind, status, size, host, recovered=count, allocators=allocators
        )
    return _viewer_trace(path, data, size, host)


def _stem(kind: str) -> str:
    return "trace" if kind == CHROME else kind


def _allocators(data: Mapping[str, Any], host: str) -> Iterable[AllocatorMemory]:
    for name, row in _map(data.get("memoryProfilePerAllocator")).items():
        summary = _map(_map(row).get("profileSummary"))
        stats = _map(summary.get("peakStats"))
        points = _points(_map(row))
        peak = max([_int(stats.get("peakBytesInUse")), *(used for _, used in points)])
        if not peak:
            continue
        live = _live(_map(row))
        yield AllocatorMemory(
            name=str(name),
            device=device_of(str(name)),
            peak_bytes=peak,
            capacity_bytes=_int(summary.get("memoryCapacity")) or None,
            lifetime_peak_bytes=_int(summary.get("peakBytesUsageLifetime")) or None,
            fragmentation=_share(stats.get("fragmentation")),
            reserved_bytes=_int(stats.get("stackReservedBytes")),
            before_window_bytes=_older(_map(row)),
            peak_time=_int(summary.get("peakStatsTimePs")) / 1e12,
            live_count=sum(group.count for group in live),
            live=tuple(live[:60]),
            timeline=tuple(points),
            allocations=len(points),
            confidence=_CONVERTED,
            host=host,
        )


def _points(row: Mapping[str, Any]) -> list[tuple[float, int]]:
    samples = row.get("sampledTimelineSnapshots") or row.get("memoryProfileSnapshots")
    points = []
    for one in _list(samples):
        stats = _map(_map(one).get("aggregationStats"))
        used = _int(stats.get("heapAllocatedBytes")) + _int(
            stats.get("stackReservedBytes")
        )
        points.append((_int(_map(one).get("timeOffsetPs")) / 1e12, used))
    points.sort()
    stride = -(-len(points) // _MOST_POINTS) or 1
    return [
        max(points[i : i + stride], key=lambda p: p[1])
        for i in range(0, len(points), stride)
    ]


def _rows(row: Mapping[str, Any]) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Yield (occurrences, activity) of each live allocation."""
    shown = _list(
        row.get("memoryProfileSnapshots") or row.get("sampledTimelineSnapshots")
    )
    special = _list(row.get("specialAllocations"))
    for one in _list(row.get("activeAllocations")):
        entry = _map(one)
        index = _int(entry.get("snapshotIndex"))
        place = _int(entry.get("specialIndex"))
        if index >= 0:
            found = shown[index] if index < len(shown) else {}
            activity = _map(_map(found).get("activityMetadata"))
        else:
            activity = _map(special[place]) if 0 <= place < len(special) else {}
        yield _int(entry.get("numOccurrences")) or 1, activity


def _live(row: Mapping[str, Any]) -> list[LiveGroup]:
    groups = []
    for count, activity in _rows(row):
        op, region = (
            str(activity.get("tfOpName") or ""),
            str(activity.get("regionType") or ""),
        )
        size = _int(activity.get("allocationBytes"))
        if op == _OLDER or region == "stack" or not size:
            continue
        shape, dtype = (
            str(activity.get("tensorShape") or ""),
            str(activity.get("dataType") or ""),
        )
        asked = _int(activity.get("requestedBytes"))
        dtype = "" if dtype == "INVALID" else dtype.lower()
        groups.append(
            LiveGroup(op, shape, dtype, count, size * count, asked * count, region)
        )
    return sorted(groups, key=lambda group: -group.bytes)


def _older(row: Mapping[str, Any]) -> int:
    sizes = (
        _int(a.get("allocationBytes"))
        for _, a in _rows(row)
        if a.get("tfOpName") == _OLDER
    )
    return sum(sizes)


def _viewer_trace(path: str, data: Mapping[str, Any], size: int, host: str) -> Trace:
    """Return planes and the longest events of a trace made for a viewer."""
    events = _list(data.get("traceEvents"))
    if not events:
        return Trace(path, CHROME, "not a trace", size)
    planes: dict[Any, str] = {}
    times: dict[tuple[str, str], list[float]] = {}
    for event in map(_map, events):
        if event.get("ph") == "M" and event.get("name") == "process_name":
            planes[event.get("pid")] = str(_map(event.get("args")).get("name") or "")
        elif event.get("ph") == "X" and isinstance(event.get("dur"), (int, float)):
            key = (planes.get(event.get("pid"), ""), str(event.get("name")))
            row = times.setdefault(key, [0, 0.0])
            row[0] += 1
            row[1] += float(event["dur"]) / 1e6
    ops = [OpTime(name, plane, int(n), s) for (plane, name), (n, s) in times.items()]
    ops.sort(key=lambda op: -op.seconds)
    return Trace(
        path,
        CHROME,
        "ok",
        size,
        host,
        recovered=len(events),
        planes=tuple(planes.values()),
        ops=tuple(ops[:_MOST_OPS]),
        notes=("holds no memory events",),
    )


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _int(value: object) -> int:
    """Return a whole number: JSON of protobuf writes 64-bit integers as text."""
    try:
        return int(value) if isinstance(value, (int, str)) else 0
    except ValueError:
        return 0


def _share(value: object) -> float | None:
    return (
        float(value)
        if isinstance(value, (int, float)) and math.isfinite(value)
        else None
    )
