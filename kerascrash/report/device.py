"""Device memory for the page and the JSON: pools, what grew in them, traces, ops."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.model.profiler_tools import ProfilerTools
from kerascrash.model.trace import Trace
from kerascrash.report.charts.bystep import build_step_chart
from kerascrash.report.charts.spark import spark_path
from kerascrash.report.plain import items, mapping, mappings, number, whole
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.model.case import Case
    from kerascrash.model.verdict import Diagnosis

MOST_POOLS = 16
MOST_OPS = 15
MOST_KEPT = 8
MOST_LIVE = 12
SHOWN_POOLS = 2
"""So many pools are shown with their course and what was alive: the fullest."""
_SPARK_POINTS = 60
_DEVICE = (
    "index", "name", "state", "reason", "total", "used", "own", "others",
    "utilisation_percent", "temperature_c", "power_mw", "ecc_uncorrected", "throttle",
    "xids", "processes",
)  # fmt: skip
_GROUP = ("what", "op", "shape", "dtype", "count", "bytes")
_HANDED_OUT = ("device", "framework", "in_use", "peak", "reserved", "limit")


def device_tables(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the tables of the section on device memory; all empty without evidence."""
    rows = mappings(diagnosis.allocators)
    recording = diagnosis.case.recording
    here = None if isinstance(recording, Unavailable) else recording
    traces = traces_list(diagnosis.case)
    shown = rows[:SHOWN_POOLS]
    charts = [build_step_chart(row, diagnosis.case) for row in shown]
    return {
        "devices": _rows(here.devices if here else {}, _DEVICE),
        "handed_out": _rows(here.allocators if here else {}, _HANDED_OUT),
        "pools": [_pool(row) for row in rows[:MOST_POOLS]],
        "courses": [chart for chart in charts if chart is not None],
        "alive": [table for row in shown if (table := _alive(row))],
        "kept": [
            {**group, "pool": row.get("name")}
            for row in rows
            for group in mappings(row.get("growing"))
        ][:MOST_KEPT],
        "traces": traces,
        "ops": _ops(diagnosis.case),
        "opinions": [
            {**one["tools"], "path": one["path"], "says": second_opinion(one["tools"])}
            for one in traces
            if one["tools"]
        ],
    }


def _rows(blob: Mapping[str, Any], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = mappings(blob.get("devices"))[:MOST_POOLS]
    return [{key: row.get(key) for key in keys} for row in rows]


def _pool(row: Any) -> dict[str, Any]:
    points = items(row.get("timeline"))
    stride = -(-len(points) // _SPARK_POINTS) or 1
    slices = [points[i : i + stride] for i in range(0, len(points), stride)]
    highest = [max(part, key=lambda point: point[1]) for part in slices]
    asked = mapping(row.get("failed_request"))
    what = [asked.get("op"), asked.get("shape"), asked.get("dtype")]
    return {
        "name": row.get("name"),
        "device": row.get("device"),
        "host": row.get("host"),
        "peak": row.get("peak_bytes"),
        "capacity": row.get("capacity_bytes"),
        "fragmentation": row.get("fragmentation"),
        "confidence": row.get("confidence"),
        "spark": spark_path([[None, *point] for point in highest]),
        "asked": asked.get("requested_bytes"),
        "asked_for": " ".join(str(part) for part in what if part),
    }


def _alive(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what was alive at the peak of a pool by op, shape and type."""
    peak = whole(row.get("peak_bytes")) or 0
    listed = mappings(row.get("live_at_peak"))[:MOST_LIVE]
    groups = [{key: group.get(key) for key in _GROUP} for group in listed]
    if not groups or not peak:
        return None
    named = sum(number(group.get("bytes")) or 0 for group in groups)
    before = whole(row.get("before_window_bytes")) or 0
    reserved = whole(row.get("reserved_bytes")) or 0
    rest = max(peak - before - reserved - int(named), 0)
    others = {
        "allocated before the window, of no known op": before,
        "reserved": reserved,
        "all others": rest,
    }
    groups += [
        {**dict.fromkeys(_GROUP), "what": what, "bytes": size}
        for what, size in others.items()
        if size
    ]
    for group in groups:
        group["part"] = (number(group.get("bytes")) or 0) / peak
    return {"name": row.get("name"), "peak": peak, "groups": groups}


def traces_list(case: Case) -> list[dict[str, Any]]:
    """Return what each trace file was and how much of it could be read."""
    return [
        {
            "path": trace.path,
            "format": trace.format,
            "status": trace.status,
            "host": trace.host or None,
            "begin": trace.begin,
            "end": trace.end,
            "recovered": trace.recovered,
            "bad": trace.bad,
            "steps": len(trace.steps),
            "step_seconds": _median([step.seconds for step in trace.steps]),
            "input_share": trace.input_share,
            "tools": _tools(trace.tools),
            "ops": [
                {
                    "name": op.name,
                    "plane": op.plane,
                    "count": op.count,
                    "seconds": op.seconds,
                }
                for op in trace.ops[:MOST_OPS]
            ],
        }
        for trace in case.traces
        if isinstance(trace, Trace)
    ]


def _tools(tools: ProfilerTools | None) -> dict[str, Any] | None:
    """Return what the profiler's own tools say, null where they were not asked."""
    if tools is None:
        return None
    return {
        "version": tools.version,
        "peaks": [
            {"allocator": p.allocator, "bytes": p.bytes, "bytes_here": p.bytes_here}
            for p in tools.peaks
        ],
        "ops": [asdict(op) for op in tools.ops],
        "modules": [
            {
                "name": module.name,
                "peak_bytes": module.peak_bytes,
                "buffers": [asdict(buffer) for buffer in module.buffers],
            }
            for module in tools.modules
        ],
        "notes": list(tools.notes),
    }


def second_opinion(tools: Mapping[str, Any]) -> str:
    """Return in words whether the profiler's own tool sees the same peaks."""
    peaks, version = tools["peaks"], tools["version"]
    others = [one for one in peaks if one["bytes"] != one["bytes_here"]]
    if not peaks:
        return f"{version} tells nothing of memory in it"
    if not others:
        noun = "peak" if len(peaks) == 1 else f"peaks of all {len(peaks)} allocators"
        return f"{version} sees the same {noun}, to the byte"
    told = ", ".join(
        f"{one['allocator']} {format_bytes(one['bytes'])} "
        f"(read here: {format_bytes(one['bytes_here'])})"
        for one in others[:MOST_POOLS]
    )
    return f"{version} sees other peaks: {told}"


def _median(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _ops(case: Case) -> list[dict[str, Any]]:
    """Return the op table of the newest trace that has one."""
    traces = [one for one in case.traces if isinstance(one, Trace) and one.ops]
    if not traces:
        return []
    newest = max(traces, key=lambda trace: trace.begin or 0.0)
    total = sum(op.seconds for op in newest.ops) or 1.0
    return [
        {
            "name": op.name,
            "plane": op.plane,
            "count": op.count,
            "seconds": op.seconds,
            "share": round(100 * op.seconds / total, 1),
        }
        for op in newest.ops[:MOST_OPS]
    ]
