"""What to do, ranked: what the evidence sizes comes first, general remedies after."""

from __future__ import annotations

import re

from kerascrash.diagnose.advice_device import device_advice
from kerascrash.diagnose.advice_levers import without_repeats
from kerascrash.diagnose.advice_memory import sized_advice
from kerascrash.estimate.device_memory import exhausted_pool
from kerascrash.model.case import Case
from kerascrash.model.rules import Rule
from kerascrash.model.verdict import Advice, Culprit

_MOST = 8
_ABOUT_BATCH = re.compile(r"\bbatch(?:es|_size)?\b", re.IGNORECASE)

_ABOUT_MALLOC = re.compile(r"LD_PRELOAD|MALLOC_")
_ABOUT_CARD = re.compile(r"\b(?:gpu|nvidia|card)", re.IGNORECASE)


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
    sized ones unless these, or a rule before, pull at the same lever already. A smaller
    batch is advised only where the batch is to blame, nothing about a card where
    TensorFlow's pool on the CPU ran out, nothing about the C library's allocator
    where any such pool did.
    """
    advice = device_advice(case, factor, culprit) or sized_advice(case, factor, culprit)
    advice += without_repeats(sized_advice(case, second, None), advice)
    batch_blamed = "batch_size" in (factor, second) or factor == "none"
    pool = exhausted_pool(case)
    on_host = pool is not None and pool.device == "host"
    sized = any(one.saves_bytes for one in advice)
    for rule in rules:
        general = [Advice(remedy) for remedy in rule.remedies]
        if not batch_blamed:
            general = [one for one in general if not _ABOUT_BATCH.search(one.action)]
        if on_host:
            general = [one for one in general if not _ABOUT_CARD.search(one.action)]
        if pool is not None:
            general = [one for one in general if not _ABOUT_MALLOC.search(one.action)]
        advice += without_repeats(general, advice, sized=sized)
    return tuple(advice[:_MOST])
