"""
Where the bytes were, at death and at the peak: ledgers that balance.

Each line says how it is known; what is left is the unexplained remainder, with its
sign. Nominal sizes may exceed what was resident (an array whose pages were never
written to), so the remainder can be negative; it is shown so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerascrash.estimate.calibration import PRIORS
from kerascrash.estimate.children import held_by_children
from kerascrash.estimate.kept import Kept, data_held, leaks
from kerascrash.estimate.model_arithmetic import ModelBytes, models_of
from kerascrash.estimate.models_kept import models_kept
from kerascrash.estimate.pipelines import fullest_buffer
from kerascrash.estimate.resident import resident_at_death, runtime_baseline
from kerascrash.estimate.rise import RUNNING_STAGES, rise_of
from kerascrash.estimate.step_bytes import execution_mode, trained_of
from kerascrash.estimate.step_needs import step_lines
from kerascrash.estimate.timeline import (
    peak_of,
    recording_of,
    stage_name,
    value_at,
)
from kerascrash.model.case import Case, Recording
from kerascrash.model.verdict import Ledger, LedgerLine
from kerascrash.units import count_of, format_bytes

REMAINDER = "unexplained remainder"
BUFFERS = "input pipeline buffers"
_HIGHER = 1.02
"""A peak that is no higher than this above the level at death is the same moment."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """
    One moment's resident bytes; ``grown`` since the running stage began, None outside.

    ``time`` None: the death.
    """

    resident: int
    children: int
    baseline: int
    grown: int | None
    time: float | None = None


def host_ledger(case: Case) -> Ledger | None:
    """Return the ledger of process and children at death, None without readings."""
    final, rise = resident_at_death(case), rise_of(case)
    if final is None or rise is None:
        return None
    children = held_by_children(case)
    moment = _Moment(final.bytes, children, rise.baseline, rise.in_stage)
    return Ledger("host", final.bytes + children, _lines(case, moment), case.death)


def peak_ledger(case: Case) -> Ledger | None:
    """Return the ledger at the peak, None where that was the level at death."""
    recording, final = recording_of(case), resident_at_death(case)
    top = peak_of(recording.find_series("rss")) if recording else None
    if recording is None or final is None or top is None:
        return None
    time, size = top
    if size <= _HIGHER * final.bytes:
        return None
    began = _stage_at(recording, time)
    before = value_at(recording.find_series("rss"), began) if began else None
    children = value_at(recording.find_series("children_rss"), time) or 0
    moment = _Moment(
        size,
        children,
        min(runtime_baseline(recording) or 0, size),
        size - before if before is not None else None,
        time,
    )
    lines = _lines(case, moment)
    return Ledger("host", size + children, lines, time, at="peak")


def _stage_at(recording: Recording, time: float) -> float | None:
    """Return when the stage began that ran a model at a time, None outside any."""
    begun: float | None = None
    for mark in recording.marks:
        if mark.time > time or stage_name(mark) not in RUNNING_STAGES:
            continue
        if mark.kind == "stage_begin":
            begun = mark.time
        elif mark.kind == "stage_end":
            begun = None
    return begun


def _lines(case: Case, moment: _Moment) -> tuple[LedgerLine, ...]:
    """Return the lines of a moment; their sum is what was resident, to the byte."""
    above = max(moment.resident - moment.baseline, 0)
    base, models = moment.baseline, models_of(recording_of(case))
    lines = [
        LedgerLine("runtime baseline", base, "measured", "after the imports"),
        *_model_lines(case, models, moment.grown),
        *_held_lines(case, above, moment.time),
        LedgerLine("children", moment.children, "measured"),
    ]
    known = [line for line in lines if line.bytes]
    total = moment.resident + moment.children
    for fill in (_buffers, _slack) if moment.grown is not None else ():
        line = fill(case, models, total - sum(line.bytes for line in known))
        known += [line] if line.bytes else []
    rest = total - sum(line.bytes for line in known)
    return (*known, LedgerLine(REMAINDER, rest, "inferred"))


def _model_lines(
    case: Case, models: Sequence[ModelBytes], grown: int | None
) -> list[LedgerLine]:
    recording = recording_of(case)
    own = trained_of(models)
    if own is not None and _are_held(case):
        models = (own,)  # the others are in what a container of the user's holds
    weights = sum(model.weights for model in models)
    lines = [LedgerLine("weights", weights, "measured", count_of(len(models), "model"))]
    # Only a run that has begun has gradients, slots and activations.
    if grown is None or recording is None or own is None:
        return lines
    return lines + step_lines(recording, own, grown)


def _are_held(case: Case) -> bool:
    """Tell whether a container that grows holds the models that pile up."""
    kept = models_kept(case)
    return kept is not None and any(
        one.holding.owner == kept.owner for one in leaks(case)
    )


def _held_lines(case: Case, above: int, time: float | None) -> list[LedgerLine]:
    """Return what names held; ``above`` is what was resident beyond the baseline."""
    kept, data = _on_host(leaks(case)), _on_host(data_held(case))
    sized = [(one, one.bytes if time is None else _size_at(one, time)) for one in kept]
    known_by = "measured" if time is None else "inferred"
    tensors = sum(size for one, size in sized if one.holding.holds_tensors)
    objects = sum(size for one, size in sized if not one.holding.holds_tensors)
    owners = ", ".join(one.holding.owner for one in kept[:3])
    arrays = ", ".join(one.holding.owner for one in data[:3])
    nominal = sum(one.bytes for one in data)
    if nominal > above:  # pages that were never written to are not resident
        arrays = f"{arrays}; {format_bytes(nominal)} when filled"
    return [
        LedgerLine("data held", min(nominal, above), "measured", arrays),
        LedgerLine("tensors held by Python", tensors, known_by, owners),
        LedgerLine("other Python objects", objects, known_by, owners),
    ]


def _on_host(rows: tuple[Kept, ...]) -> list[Kept]:
    return [one for one in rows if one.holding.device == "host"]


def _size_at(kept: Kept, time: float) -> int:
    """Return a holding's bytes at the last look before a time, 0 before the first."""
    seen = [size for _, looked, size in kept.holding.history if looked <= time]
    if seen or kept.holding.history:
        return seen[-1] if seen else 0
    return kept.bytes


def _buffers(case: Case, _models: Sequence[ModelBytes], rest: int) -> LedgerLine:
    """Return what the fullest buffer of a pipeline holds, within what is left."""
    buffer = fullest_buffer(case)
    if buffer is None or buffer.op.full is None:
        return LedgerLine(BUFFERS, 0, "computed")
    size = min(max(rest, 0), buffer.bytes)
    full = f"{buffer.op.text}, {format_bytes(buffer.op.full)} when filled"
    return LedgerLine(BUFFERS, size, "computed", full)


def _slack(case: Case, models: Sequence[ModelBytes], rest: int) -> LedgerLine:
    """Return what graphs, threads and fragments take as a rule, within what is left."""
    recording, own = recording_of(case), trained_of(models)
    usual = 0
    if recording is not None:
        prior = PRIORS[execution_mode(recording)]
        usual = prior.fixed_of(own.layers if own else ())
    size = min(max(rest, 0), usual)
    detail = "graphs, threads and fragments, as with other models"
    return LedgerLine("allocator slack", size, "inferred", detail)
