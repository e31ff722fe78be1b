"""Which buffer of the input pipeline, and the line that made it so large."""

from __future__ import annotations

from kerascrash.estimate.pipelines import PipelineOp, fullest_buffer
from kerascrash.estimate.statements import statement_at
from kerascrash.model.case import Case
from kerascrash.model.verdict import Culprit
from kerascrash.units import format_bytes


def pipeline_culprit(case: Case) -> Culprit | None:
    """Return the op that holds most, with its bytes at death."""
    buffer = fullest_buffer(case)
    if buffer is None:
        return None
    op = buffer.op
    statement = statement_at(op.place)
    target = statement.targets[0] if statement and statement.targets else ""
    parts = []
    if op.is_queue:
        parts.append(_workers(op))
    elif op.element is not None:
        number = op.buffer if op.op != "cache" else op.count
        times = f"{number:,} elements of " if number and number > 0 else "elements of "
        parts.append(times + format_bytes(op.element))
    elif op.buffer is not None:
        parts.append(f"room for {op.buffer:,} elements of unknown size")
    if op.full is not None:
        parts.append(f"{format_bytes(op.full)} when full")
    if buffer.from_generator:
        parts.append("elements come from a Python generator")
    return Culprit(
        owner=_owner(op, target),
        kind="buffer of the input pipeline",
        bytes=buffer.bytes or None,
        place=op.place,
        note="; ".join(parts),
    )


def _owner(op: PipelineOp, target: str) -> str:
    if op.is_queue and target:
        return target  # the data set itself, by the name that it was given
    return f"{target}.{op.text}" if target else op.text


def _workers(op: PipelineOp) -> str:
    """Return ``2 worker threads may have 1,000 batches of 7.1 MiB ready``."""
    one, several = ("process", "processes") if op.processes else ("thread", "threads")
    who = f"{op.workers:,} worker {one if op.workers == 1 else several}"
    size = f" of {format_bytes(op.element)}" if op.element else ""
    text = f"{who} may have {op.buffer or 0:,} batches{size} ready"
    return f"{text}, and copies of them in pinned memory" if op.pinned else text
