"""Weigh the factors: why it came to the end that the causes name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kerascrash.diagnose.resource import memory_findings
from kerascrash.diagnose.weigh import weigh
from kerascrash.factors import load_factors
from kerascrash.model.evidence import Finding, Unavailable
from kerascrash.model.verdict import Hypothesis

_EXPLAINS_ONLY = {
    "stuck_stacks": "hang",
    "fd_limit": "fd_limit",
    "thread_limit": "thread_or_process_limit",
}
"""Findings that tell why it died only if it died of this: a worker may wait, too, that
was killed for memory, and a thread that the kernel's log says was refused may be that
of another program, or of another hour."""


def weigh_factors(
    findings: Sequence[Finding],
    causes: Sequence[Hypothesis],
    unexamined: Mapping[str, Unavailable],
) -> tuple[Hypothesis, ...]:
    """
    Return the factors, best first.

    What explains one cause only counts to the degree that it was this cause: the
    confidences are those with it and without it, in that proportion.
    """
    rules = load_factors()
    known = (*findings, *memory_findings(causes))
    whole = weigh(rules, known, unexamined)
    explained = {_EXPLAINS_ONLY[f.id] for f in known if f.id in _EXPLAINS_ONLY}
    if not explained:
        return whole
    others = [f for f in known if f.id not in _EXPLAINS_ONLY]
    without = {one.id: one for one in weigh(rules, others, unexamined)}
    share = min(sum(c.confidence for c in causes if c.id in explained), 1.0)
    mixed = [
        replace(
            one if share >= 0.5 else without[one.id],
            confidence=share * one.confidence
            + (1 - share) * without[one.id].confidence,
        )
        for one in whole
    ]
    return tuple(sorted(mixed, key=lambda one: (-one.confidence, one.id)))
