"""What the report must admit: sources that were not there and data that was damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.model.evidence import Damage, Unavailable

if TYPE_CHECKING:
    from kerascrash.model.case import Case
    from kerascrash.model.verdict import Diagnosis


def all_unavailable(diagnosis: Diagnosis) -> list[Unavailable]:
    """Return every source that could not be looked at, once each, in a stable order."""
    case = diagnosis.case
    sources = (case.exit, case.process, case.recording, case.certificate)
    found = [source for source in sources if isinstance(source, Unavailable)]
    found += case.unavailable
    for hypothesis in (*diagnosis.causes, *diagnosis.factors):
        found += hypothesis.not_examined
    return list(dict.fromkeys(found))


def all_damage(case: Case) -> list[Damage]:
    """Return what could not be read of this dump and its children's, once each."""
    found = list(case.damage)
    for child in case.children:
        found += child.damage
    return list(dict.fromkeys(found))
