"""Which buffer of the input pipeline, and the line that made it so large."""

from __future__ import annotations

from kerascrash.estimate.pipelines import fullest_buffer
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
    if op.element is not None:
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
        owner=f"{target}.{op.text}" if target else op.text,
        kind="buffer of the input pipeline",
        bytes=buffer.bytes or None,
        place=op.place,
        note="; ".join(parts),
    )
