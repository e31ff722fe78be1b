"""
Models that are still there though others have been built since.

A few models at a time are normal (a GAN, an ensemble, a teacher); what counts is that
their number is large, or that a container of the user's gains one after another.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.kept import leaks
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.places import read_place
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Place

MANY_MODELS = 6
_NOT_YET_KEPT, _WITHIN = 2, 0.3
_KERAS_CLASSES = frozenset({"Sequential", "Functional", "Model"})


@dataclass(frozen=True, slots=True)
class ModelsKept:
    """``owner`` is the container that keeps them, "" where none was seen; bytes."""

    owner: str
    count: int
    bytes: int
    share: float
    place: Place | None


def holds_models(holding: Holding, recording: Recording | None) -> bool:
    """Tell whether a container's elements are Keras models."""
    rows = recording.models.get("models") if recording else None
    seen = {str(row.get("class")) for row in rows or ()}
    return holding.element_type in _KERAS_CLASSES | seen


def models_kept(case: Case) -> ModelsKept | None:
    """Return the models that pile up, None where there are only a few."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None:
        return None
    total = rise.total if rise else 0
    rows_kept = [(kept.holding, kept.bytes) for kept in leaks(case)]
    # Scans that were cut short say how many there are, and not how they grew.
    rows_kept += [(one, one.bytes) for one in holdings_of(recording)]
    for holding, size in rows_kept:
        if holds_models(holding, recording) and holding.count >= MANY_MODELS:
            share = min(size / total, 1.0) if total else 0.0
            row = (holding.owner, holding.count, size, share, holding.place)
            return ModelsKept(*row)
    alive = recording.models.get("alive")
    described = models_of(recording)
    if not isinstance(alive, int) or alive < MANY_MODELS or not described:
        return None
    mean = sum(one.training for one in described) // len(described)
    share = min(alive * mean / total, 1.0) if total else 0.0
    keeper = _keeper(recording, alive, mean)
    if keeper is not None:
        return ModelsKept(keeper.owner, alive, alive * mean, share, keeper.place)
    rows = recording.models.get("models") or [{}]
    place = read_place(rows[-1].get("place"))
    return ModelsKept("", alive, alive * mean, share, place)


def _keeper(recording: Recording, alive: int, mean: int) -> Holding | None:
    """
    Return the container with an element for each model, which holds their bytes too.

    Tuples, dicts or objects with a model in each; the one being built is in none yet.
    """
    for one in holdings_of(recording):
        alike = abs(one.count - alive) <= _NOT_YET_KEPT
        if alike and one.bytes >= _WITHIN * one.count * mean:
            return one
    return None
