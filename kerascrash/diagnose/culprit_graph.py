"""Which function's graphs they were, and the line that defines it."""

from __future__ import annotations

from kerascrash.estimate.retraces import retraced
from kerascrash.model.case import Case
from kerascrash.model.verdict import Culprit


def graph_culprit(case: Case) -> Culprit | None:
    """Return the function with the most traced bytes, and what differs each time."""
    worst = next(iter(retraced(case)), None)
    if worst is None:
        return None
    why = worst.varies or "another function object with the same code each time"
    notes = [f"differs: {why}"]
    if worst.called is not None and worst.called != worst.place:
        notes.append(f"called from line {worst.called.line}")
    return Culprit(
        owner=worst.function,
        kind=f"{worst.alive:,} traced graphs",
        bytes=worst.bytes or None,
        growth_bytes_per_step=worst.bytes / worst.alive if worst.bytes else None,
        place=worst.place,
        note="; ".join(notes),
    )
