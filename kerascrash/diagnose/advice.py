"""What to do, ranked: what the evidence sizes comes first, general remedies after."""

from __future__ import annotations

import re

from kerascrash.diagnose.advice_device import device_advice
from kerascrash.diagnose.advice_memory import sized_advice
from kerascrash.model.case import Case
from kerascrash.model.rules import Rule
from kerascrash.model.verdict import Advice, Culprit

_MOST = 8
_ABOUT_BATCH = re.compile(r"\bbatch(?:es|_size)?\b", re.IGNORECASE)


def advise(
    case: Case,
    rules: tuple[Rule, ...],
    factor: str,
    second: str,
    culprit: Culprit | None,
) -> tuple[Advice, ...]:
    """
    Return advice, best first.

    ``rules`` are the factor, the second factor and the cause, whose remedies follow the
    sized ones. A smaller batch is advised only where the batch is to blame.
    """
    advice = device_advice(case, factor, culprit) or sized_advice(case, factor, culprit)
    advice += sized_advice(case, second, None)
    batch_blamed = "batch_size" in (factor, second) or factor == "none"
    said = {one.action for one in advice}
    for rule in rules:
        for remedy in rule.remedies:
            if remedy in said or (not batch_blamed and _ABOUT_BATCH.search(remedy)):
                continue
            said.add(remedy)
            advice.append(Advice(action=remedy))
    return tuple(advice[:_MOST])
