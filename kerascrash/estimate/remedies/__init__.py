"""
What each measure that people name would bring in this case, in bytes or with a reason.

One file holds one measure as its constant ``MEASURE``; all are found by walking the
package. A measure that the evidence speaks against says so: it is never advised.
"""

from __future__ import annotations

from kerascrash.estimate.remedies._situation import Measure, Situation, situation_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import Remedy
from kerascrash.model.walk import load_constants
from kerascrash.units import format_bytes

_ORDER = {"yes": 0, "cannot tell": 1, "no": 2}
_LESS = (1.0, 0.8, 0.6, 0.35)
"""What a byte saved counts, by how far the measure changes the training's results."""


def load_measures() -> tuple[Measure, ...]:
    """Return every measure, sorted by id."""
    return load_constants(__name__, "MEASURE")


def remedies_of(case: Case, factor: str) -> tuple[Remedy, ...]:
    """Return every measure's effect, those that help most and change least first."""
    situation = situation_of(case, factor)
    if situation is None:
        return ()
    found = [_judged(measure, situation) for measure in load_measures()]
    return tuple(sorted(found, key=_rank))


def _judged(measure: Measure, situation: Situation) -> Remedy:
    open_question = situation.leaves_open(measure)
    if open_question:
        return measure.unknown(open_question)
    why = situation.speaks_against(measure)
    if why:
        return measure.no(why)
    remedy = measure.judge(measure, situation)
    saves = remedy.saves_bytes
    if remedy.helps != "yes" or saves is None or saves >= situation.little:
        return remedy
    return measure.no(f"it would save no more than {format_bytes(saves)}.")


def _rank(remedy: Remedy) -> tuple[int, float, int, str]:
    weight = _LESS[remedy.changes]
    return (
        _ORDER[remedy.helps],
        -weight * (remedy.saves_bytes or 0),
        remedy.changes,
        remedy.id,
    )
