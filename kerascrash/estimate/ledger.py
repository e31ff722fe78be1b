"""
Where the bytes were at death: a ledger that balances by its unexplained remainder.

Each line says how it is known. Nominal sizes may exceed what was resident (an array
whose pages were never written to), so the remainder can be negative; it is shown so.
"""

from __future__ import annotations

from kerascrash.estimate.calibration import PRIORS
from kerascrash.estimate.children import held_by_children
from kerascrash.estimate.kept import data_held, leaks
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.resident import resident_at_death
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.step_bytes import (
    BATCH_COPIES,
    execution_mode,
    input_bytes,
    own_model,
)
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import Ledger, LedgerLine
from kerascrash.units import count_of, format_bytes

REMAINDER = "unexplained remainder"


def _model_lines(case: Case) -> list[LedgerLine]:
    recording, rise = recording_of(case), rise_of(case)
    models = models_of(recording)
    weights = sum(model.weights for model in models)
    lines = [LedgerLine("weights", weights, "computed", count_of(len(models), "model"))]
    # Only a run that has begun has gradients, slots and activations.
    own = own_model(recording) if recording else None
    if rise is None or rise.in_stage is None or own is None or recording is None:
        return lines
    batch = f"batch of {own.batch_size:,}"
    copies = BATCH_COPIES * input_bytes(recording, own.batch_size)
    needs = [
        ("optimizer slots", own.slots, own.slots_known_by, own.optimizer),
        ("gradients", own.gradients, "computed", own.name),
        ("activations", own.activations, "computed", batch),
        ("largest workspace", own.workspace, "computed", batch),
        ("input pipeline", copies, "computed", f"{BATCH_COPIES} batches on their way"),
    ]
    # It died on the way: what it needed in full was never there at once.
    wanted, grown = sum(need[1] for need in needs), max(rise.in_stage, 0)
    share = min(grown / wanted, 1.0) if wanted else 1.0
    for name, size, known_by, detail in needs:
        full = f"{detail}, {format_bytes(size)} in full" if share < 1 else detail
        lines.append(LedgerLine(name, int(size * share), known_by, full))
    return lines


def _slack(case: Case, rest: int) -> LedgerLine:
    """Return what graphs, threads and fragments take as a rule, within what is left."""
    recording, rise = recording_of(case), rise_of(case)
    usual = 0
    if recording is not None and rise is not None and rise.in_stage is not None:
        own = own_model(recording)
        prior = PRIORS[execution_mode(recording)]
        usual = prior.fixed_of(own.layers if own else ())
    size = min(max(rest, 0), usual)
    detail = "graphs, threads and fragments, as with other models"
    return LedgerLine("allocator slack", size, "inferred", detail)


def host_ledger(case: Case) -> Ledger | None:
    """Return the ledger of the process and its children, None without readings."""
    final, rise = resident_at_death(case), rise_of(case)
    if final is None or rise is None:
        return None
    children = held_by_children(case)
    kept, data = leaks(case), data_held(case)
    tensors = sum(k.bytes for k in kept if k.holding.holds_tensors)
    objects = sum(k.bytes for k in kept if not k.holding.holds_tensors)
    owners = ", ".join(k.holding.owner for k in kept[:3])
    arrays = ", ".join(k.holding.owner for k in data[:3])
    nominal = sum(k.bytes for k in data)
    if nominal > rise.total:  # pages that were never written to are not resident
        arrays = f"{arrays}; {format_bytes(nominal)} when filled"
    lines = [
        LedgerLine("runtime baseline", rise.baseline, "measured", "after the imports"),
        *_model_lines(case),
        LedgerLine("data held", min(nominal, rise.total), "measured", arrays),
        LedgerLine("tensors held by Python", tensors, "measured", owners),
        LedgerLine(
            "other Python objects", objects, "measured", owners if objects else ""
        ),
        LedgerLine("children", children, "measured"),
    ]
    total = final.bytes + children
    known = [line for line in lines if line.bytes]
    slack = _slack(case, total - sum(line.bytes for line in known))
    known += [slack] if slack.bytes else []
    rest = total - sum(line.bytes for line in known)
    known.append(LedgerLine(REMAINDER, rest, "inferred"))
    return Ledger("host", total, tuple(known), case.death)
