"""Smaller shuffle, cache and prefetch buffers of the input pipeline."""

from __future__ import annotations

from kerascrash.estimate.pipelines import (
    elements_that_fit,
    fullest_buffer,
    pipeline_ops,
)
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_PART = 10


def _judge(measure: Measure, seen: Situation) -> Remedy:
    if not pipeline_ops(seen.recording):
        return measure.no("no input pipeline with buffers was seen.")
    buffer = fullest_buffer(seen.case)
    if buffer is None:
        return measure.no("the buffers of its input pipelines are small.")
    op = buffer.op
    if op.full is None:
        return measure.unknown(f"the elements of `{op.text}` have no known size.")
    if op.op == "cache":
        detail = f"`{op.text}` holds up to {format_bytes(op.full)}; a file takes none."
        return measure.yes(buffer.bytes, detail, op.place, "dataset.cache(path)")
    fewer = elements_that_fit(seen.case, buffer)
    fewer = fewer or max((op.buffer or _PART) // _PART, 1)
    full = op.full * fewer // max(op.buffer or fewer, 1)
    detail = f"`{op.text}` holds {format_bytes(op.full)} when full, "
    detail += f"`{op.op}({fewer})` {format_bytes(full)}."
    saves = buffer.bytes - min(full, buffer.bytes)
    return measure.yes(saves, detail, op.place, f".{op.op}({fewer})")


MEASURE = Measure(
    "smaller_buffers", "a smaller shuffle, prefetch or cache", "input", 1, _judge
)
