"""
Whether what a container keeps are gradients, or the tapes that they come from.

Told by the call that made them; where that is not known, by the names in the line.
A norm or a mean of gradients is a number, and no gradient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.growth import growth_seen
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.kept import leaks
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unheld import unheld_bytes
from kerascrash.model.case import Case

_BY_NAME = re.compile(r"grad(?!io)", re.IGNORECASE)
_MAKERS = frozenset({
    "gradient", "gradients", "jacobian", "batch_jacobian", "compute_gradients",
    "get_gradients", "grad", "value_and_grad",
})  # fmt: skip
_TAPE = "GradientTape"
_MANY_TAPES = _MANY_STEPS = 8


@dataclass(frozen=True, slots=True)
class GradientsKept:
    """The container, its bytes, and the sentence that says how it is known."""

    holding: Holding
    bytes: int
    share: float
    text: str
    growth: float | None


def gradients_kept(case: Case) -> GradientsKept | None:
    """Return the biggest container of gradients or tapes, None where there is none."""
    rise = rise_of(case)
    if rise is None or rise.total <= 0:
        return None
    for kept in leaks(case):
        how = _how_known(kept.holding)
        if how:
            share = min(kept.bytes / rise.whole, 1.0)
            text = f"what `{kept.holding.owner}` keeps are gradients, {how}"
            growth = growth_seen(kept.holding)
            return GradientsKept(kept.holding, kept.bytes, share, text, growth)
    return _tapes(case, rise.total)


def _how_known(holding: Holding) -> str:
    for call in holding.made_by:
        if call.rsplit(".", 1)[-1] in _MAKERS:
            return f"made by `{call}()`"
    if holding.made_by:
        return ""
    place = holding.place
    line = dict(place.excerpt).get(place.line, "") if place else ""
    named = _BY_NAME.search(holding.owner) or _BY_NAME.search(line)
    return "by name" if named else ""


def _tapes(case: Case, total: int) -> GradientsKept | None:
    """Return tapes kept, or one kept open: what they hold is native, under no name."""
    for holding in holdings_of(recording_of(case)):
        text = ""
        if _TAPE in (holding.element_type, holding.inside):
            if holding.count >= _MANY_TAPES:
                text = f"`{holding.owner}` keeps {holding.count:,} tapes, and each of "
                text += "them every intermediate result of its step"
        elif holding.type == _TAPE and holding.count >= _MANY_STEPS:
            text = f"the tape `{holding.owner}` has been open for {holding.count:,} "
            text += "steps, and keeps every intermediate result of all of them"
        if text:
            size = unheld_bytes(case)
            each = size / holding.count
            return GradientsKept(holding, size, min(size / total, 1.0), text, each)
    return None
