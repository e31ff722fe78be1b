"""What the report must admit: sources that were not there and data that was damaged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kerascrash.model.evidence import Damage, Unavailable

_CUT_AWAY = re.compile(r"section (.{1,40}) begins beyond the end of the file")
_MANY = 3

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


def told_damage(case: Case) -> list[Damage]:
    """Return the damage to show: sections that a cut took away are one entry."""
    found = all_damage(case)
    cut = [entry for entry in found if _CUT_AWAY.fullmatch(entry.text)]
    if len(cut) < _MANY:
        return found
    names = ", ".join(_CUT_AWAY.sub(r"\1", entry.text) for entry in cut)
    text = f"{len(cut)} sections begin beyond the end of the file: {names}"
    rest = (entry for entry in found if entry not in cut)
    return [Damage(cut[0].where, text), *rest]


def all_damage(case: Case) -> list[Damage]:
    """Return what could not be read of this dump and its children's, once each."""
    found = list(case.damage)
    for child in case.children:
        found += child.damage
    return list(dict.fromkeys(found))
