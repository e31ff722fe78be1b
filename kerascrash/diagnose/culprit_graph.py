"""Whose gradients, graphs or models they were, and the line that is to blame."""

from __future__ import annotations

from kerascrash.diagnose.culprit_memory import leak_culprit
from kerascrash.estimate.gradients import gradients_kept
from kerascrash.estimate.models_kept import models_kept
from kerascrash.estimate.retraces import retraced
from kerascrash.model.case import Case
from kerascrash.model.verdict import Culprit


def gradient_culprit(case: Case) -> Culprit | None:
    """Return the container of gradients or tapes, else what grew most."""
    kept = gradients_kept(case)
    if kept is None:
        return leak_culprit(case)
    holding = kept.holding
    return Culprit(
        owner=holding.owner,
        kind=holding.kind,
        bytes=kept.bytes,
        growth_bytes_per_step=kept.growth,
        place=holding.place,
        note=kept.text,
    )


def graph_culprit(case: Case) -> Culprit | None:
    """Return the models that pile up or the function with the most traced bytes."""
    worst = next(iter(retraced(case)), None)
    models = models_kept(case)
    if models is not None and models.bytes >= (worst.bytes if worst else 0):
        return Culprit(
            owner=models.owner or "models built in a loop",
            kind=f"{models.count:,} models",
            bytes=models.bytes,
            place=models.place,
            note="each with weights, optimizer slots and graphs of its own",
        )
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
        growth_per="graph",
    )
