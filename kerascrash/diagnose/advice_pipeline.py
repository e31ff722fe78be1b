"""What to do about the buffer of an input pipeline, by the op that it belongs to."""

from __future__ import annotations

from kerascrash.estimate.pipelines import Buffer, fullest_buffer
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes

_PART = 10
_AHEAD = 2  # batches: one is trained on while the next is made


def pipeline_advice(case: Case, culprit: Culprit | None) -> list[Advice]:
    """Return the advice for the fullest buffer; empty where none is to blame."""
    buffer = fullest_buffer(case)
    if buffer is None or culprit is None or buffer.op.place != culprit.place:
        return []
    op = buffer.op
    if op.op == "cache":
        action = (
            "Cache to a file, not in memory, and before what makes elements bigger."
        )
        return [_advice(buffer, action, buffer.bytes, ".cache(path)")]
    if op.op == "shuffle":
        fewer = max((op.buffer or 0) // _PART, 1)
        action = (
            "Make the shuffle buffer smaller, or shuffle names before they are read."
        )
        example = f".shuffle({fewer:,})".replace(",", "_") if op.buffer else None
        return [_advice(buffer, action, _kept_short(buffer, fewer), example)]
    if op.op == "prefetch":
        action = "Make the prefetch buffer smaller: two ready batches are enough."
        return [_advice(buffer, action, _kept_short(buffer, _AHEAD), ".prefetch(2)")]
    action = "Let fewer wait in the loader's buffer: a shorter queue, fewer workers."
    return [_advice(buffer, action, _kept_short(buffer, op.workers or _AHEAD), None)]


def _kept_short(buffer: Buffer, elements: int) -> int:
    """Return the bytes saved where so many elements are left in the buffer."""
    length = buffer.op.buffer
    if not length or length <= elements:
        return 0
    return buffer.bytes - buffer.bytes * elements // length


def _advice(buffer: Buffer, action: str, saves: int, example: str | None) -> Advice:
    op, detail = buffer.op, ""
    if op.full is not None:
        detail = f"`{op.text}` holds {format_bytes(op.full)} when full."
    return Advice(action, detail, saves or None, op.place, example or "")
