"""The batch that was too large: who runs it, and all that the process needs for it."""

from __future__ import annotations

import re
from collections.abc import Callable

from kerascrash.estimate.forecast import forecast_of
from kerascrash.estimate.holdings import holdings_of
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.pool_peak import device_fits
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.stacks import run_place
from kerascrash.estimate.statements import Statement, statement_at
from kerascrash.estimate.step_bytes import own_model
from kerascrash.estimate.step_needs import step_needs
from kerascrash.estimate.step_runs import step_runs
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.verdict import Culprit
from kerascrash.units import format_bytes

_RUNS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch")
_NAMED = 3
"""Of what a step needs."""


def batch_culprit(case: Case) -> Culprit | None:
    """Return the call that runs the batch, the batch, and the process's whole peak."""
    return _culprit(case, _host_needs)


def batch_on_device(case: Case) -> Culprit | None:
    """Return the same with what the batch needs of a device."""
    return _culprit(case, _device_needs)


def _culprit(case: Case, needs: Callable[[Case, int], int | None]) -> Culprit | None:
    recording = recording_of(case)
    if recording is None:
        return None
    place, batch = run_place(recording), batch_size_of(recording)
    statement = statement_at(place)
    calls = statement.calls if statement else ()
    call = _run_call(statement) or next(iter(calls), "")
    if batch is None:
        batch = _first_dimension(recording, statement)
    size = f"batch_size={batch}" if batch else "the batch"
    return Culprit(
        owner=f"{call}({size})" if call else size,
        kind=f"batch of {batch:,} samples" if batch else "batch",
        bytes=(needs(case, batch) if batch else None) or _seen(case),
        place=place,
        note=_parts(recording),
    )


def _host_needs(case: Case, batch: int) -> int | None:
    """Return the forecast's peak, as a limit counts it, for the run that died."""
    runs = step_runs(case)
    if not runs or not runs[-1].died or runs[-1].batch != batch:
        return None
    forecast = forecast_of(case)
    return None if forecast.reason else forecast.peak(batch).bytes - forecast.mapped


def _device_needs(case: Case, batch: int) -> int | None:
    wanted = (row["predicted_peak_bytes"] for row in device_fits(case, batch))
    return max((size for size in wanted if size), default=None)


def _seen(case: Case) -> int | None:
    """Return what steps are known to have taken, where the whole cannot be told."""
    recording, rise = recording_of(case), rise_of(case)
    own = own_model(recording) if recording else None
    computed = own.activations if own else 0
    return max(computed, (rise.in_stage if rise else None) or 0) or None


def _parts(recording: Recording) -> str:
    """Return the largest parts of what a step needs."""
    own = own_model(recording)
    needs = step_needs(recording, own) if own else []
    largest = sorted(needs, key=lambda need: -need.bytes)[:_NAMED]
    named = [f"{one.name} {format_bytes(one.bytes)}" for one in largest if one.bytes]
    return f"in full: {', '.join(named)}" if named else ""


def _first_dimension(recording: Recording, statement: Statement | None) -> int | None:
    """Return the length of the array or tensor that a statement names, if one is."""
    text = statement.text if statement else ""
    for holding in holdings_of(recording):
        shape = holding.element_shape
        if shape and re.search(rf"\b{re.escape(holding.owner)}\b", text):
            return shape[0]
    return None


def _run_call(statement: Statement | None) -> str:
    """Return the Keras run that a statement calls, as ``model.fit``."""
    calls = statement.calls if statement else ()
    return next((call for call in calls if call.rsplit(".", 1)[-1] in _RUNS), "")
