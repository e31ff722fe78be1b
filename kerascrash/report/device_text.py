"""Device memory in lines of text: what ran full, with what, and how it came there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.report import words
from kerascrash.report.charts.blocks import draw_blocks
from kerascrash.report.device import second_opinion, traces_list
from kerascrash.report.plain import items, mapping, mappings, number, whole
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kerascrash.model.verdict import Diagnosis

POOLS = 4
GROUPS = 5
_WORTH = 1 << 20  # bytes that a compiled module must need to be told of


def pool_rows(diagnosis: Diagnosis) -> list[Mapping[str, Any]]:
    """Return the pools worth a line: those that failed or were fullest."""
    return list(mappings(diagnosis.allocators))[:POOLS]


def pool_line(row: Mapping[str, Any]) -> str:
    """Return peak, limit, fragmentation and what was refused, in one sentence."""
    text = f"peak {format_bytes(whole(row.get('peak_bytes')) or 0)}"
    limit, part = whole(row.get("capacity_bytes")), number(row.get("fragmentation"))
    if limit:
        text += f" of {format_bytes(limit)}"
    if part:
        text += f", {words.percent(part)} fragmented"
    asked = mapping(row.get("failed_request"))
    size = whole(asked.get("requested_bytes"))
    if size:
        what = [asked.get("op"), asked.get("shape"), asked.get("dtype")]
        said = " ".join(str(one) for one in what if one)
        text += f"; refused {format_bytes(size)} {said}".rstrip()
        free, largest = (whole(asked.get(k)) for k in _FREE)
        if free is not None and largest is not None:
            text += f", {format_bytes(free)} free in pieces of {format_bytes(largest)}"
            text += " at most"
    return text


_FREE = ("free_bytes", "largest_free_bytes")


def course_line(row: Mapping[str, Any], columns: int = 40) -> tuple[str, str]:
    """Return the peaks of the steps as blocks, and in words, or two ""."""
    steps = [items(step) for step in items(row.get("steps"))]
    peaks = [(float(n), whole(step[1]) or 0) for n, step in enumerate(steps)]
    if len(peaks) < 2:
        return "", ""
    first, last = format_bytes(peaks[0][1]), format_bytes(peaks[-1][1])
    blocks = draw_blocks(peaks, min(columns, len(peaks)))
    return blocks, f"peak of each of {len(peaks):,} steps, {first} to {last}"


def alive_lines(row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield (bytes, what) of what was alive at the peak, biggest first."""
    for group in mappings(row.get("live_at_peak"))[:GROUPS]:
        what = [group.get("op") or "an op without a name", group.get("shape")]
        said = " ".join(str(one) for one in (*what, group.get("dtype")) if one)
        yield whole(group.get("bytes")) or 0, f"{whole(group.get('count')):,} × {said}"
    before = whole(row.get("before_window_bytes"))
    if before:
        yield before, "allocated before the window"


def kept_lines(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stayed alive from step to step."""
    for group in mappings(row.get("growing"))[:GROUPS]:
        rate = number(group.get("bytes_per_step"))
        op, shape = group.get("op") or "an op without a name", group.get("shape") or ""
        grows = f", {format_bytes(rate)} more each step" if rate else ""
        yield f"kept: {whole(group.get('count')):,} × {op} {shape}".rstrip() + grows


def opinion_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what the profiler's own tools say of the traces."""
    for trace in traces_list(diagnosis.case):
        tools = trace["tools"]
        if tools:
            yield second_opinion(tools)
            large = [one for one in tools["modules"] if one["peak_bytes"] >= _WORTH]
            for module in large[:GROUPS]:
                size = format_bytes(module["peak_bytes"])
                top = [f"{b['name']} {b['shape']}" for b in module["buffers"][:1]]
                most = f", most of it {top[0]}" if top else ""
                yield f"compiled module {module['name']}: {size}{most}"
