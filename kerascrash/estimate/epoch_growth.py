"""
Growth that goes with epochs, not with steps: what a callback keeps in ``on_epoch_end``.

It is told by the function whose line fills the holding, or by the scans: larger after
each end of an epoch that lay between two of them, and never after steps alone.
"""

from __future__ import annotations

from itertools import pairwise

from kerascrash.estimate.growth import growth_seen
from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording

_HOOKS = frozenset({"on_epoch_end", "on_epoch_begin"})
_LEAST_RISES = 2
_LEAST_QUIET = 2
"""Looks with steps but no end of an epoch between them, which saw nothing grow."""


def pace_of(case: Case, holding: Holding) -> tuple[float | None, str]:
    """Return how many bytes it grows, and with what: ``epoch`` or ``step``."""
    by_epoch = growth_each_epoch(case, holding)
    if by_epoch is not None:
        return by_epoch, "epoch"
    return growth_seen(holding), "step"


def growth_each_epoch(case: Case, holding: Holding) -> float | None:
    """Return bytes per epoch where growth goes with epochs, None where with steps."""
    recording = recording_of(case)
    between = _between_epochs(recording) if recording else []
    if not between or not (_filled_by_hook(holding) or _goes_with(holding, between)):
        return None
    if len(holding.history) < 2:
        return None
    (_, first, small), (_, last, large) = holding.history[0], holding.history[-1]
    ended = sum(first < end and begun <= last for end, begun in between)
    return (large - small) / ended if ended and large > small else None


def _between_epochs(recording: Recording) -> list[tuple[float, float]]:
    """Return (end of an epoch, beginning of the next or the same moment) of each."""
    ends = [mark.time for mark in recording.marks if mark.kind == "epoch_end"]
    begins = [mark.time for mark in recording.marks if mark.kind == "epoch_begin"]
    return [
        (end, min((begun for begun in begins if begun >= end), default=end))
        for end in ends
    ]


def _filled_by_hook(holding: Holding) -> bool:
    function = holding.place.function if holding.place else ""
    return function.rsplit(".", 1)[-1] in _HOOKS


def _goes_with(holding: Holding, between: list[tuple[float, float]]) -> bool:
    """Tell whether each rise has an epoch's end in it, and steps alone none."""
    rises, quiet = 0, 0
    for before, later in pairwise(holding.history):
        ended = any(end <= later[1] and begun >= before[1] for end, begun in between)
        if later[2] > before[2]:
            if not ended:
                return False
            rises += 1
        elif not ended and None not in (before[0], later[0]) and later[0] != before[0]:
            quiet += 1
    return rises >= _LEAST_RISES and quiet >= _LEAST_QUIET
