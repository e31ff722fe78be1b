"""Fewer worker processes that load data."""

from __future__ import annotations

from kerascrash.estimate.children import held_by_children
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.workers import killed_for_memory
from kerascrash.model.verdict import Remedy
from kerascrash.units import count_of, format_bytes

_LEAST = 16 << 20


def _judge(measure: Measure, seen: Situation) -> Remedy:
    held = held_by_children(seen.case)
    lost = killed_for_memory(seen.case)
    if lost:
        which = count_of(len(lost), "worker")
        detail = f"{which} were killed for memory: with half of them each has twice."
        return measure.yes(None, detail)
    if held < _LEAST:
        return measure.no("no worker processes held memory.")
    count = last_reading(seen.case, "children") or len(seen.case.children)
    if count < 2:
        detail = f"{format_bytes(held)} were held by processes that nobody counted."
        return measure.unknown(detail)
    detail = f"{count} processes held {format_bytes(held)}; with half of them, half."
    return measure.yes(held // 2, detail, example=f"workers={count // 2}")


MEASURE = Measure("fewer_workers", "fewer workers", "input", 0, _judge)
