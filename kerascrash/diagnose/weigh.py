"""
Weigh findings for a set of rival rules: visible sums, then calibrated confidence.

A rule's score is its prior plus the weight of each finding it names times that
finding's strength, all in nats. Confidence is the share of exp(score / temperature)
among the rivals: the rules of one set exclude each other, so it sums up to 1.
What could not be examined adds nothing to either side; it is listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from kerascrash.model.evidence import Finding, Unavailable
from kerascrash.model.rules import Rule
from kerascrash.model.verdict import Hypothesis, Weighed

# Ten-fold cross-validation on the labelled cases picks 0.5-0.85; the mildest is taken,
# since unseen deaths are harder than those that rules were written beside.
TEMPERATURE = 0.85
# Nothing read from what a crash left behind deserves more (Laplace on the corpus).
CEILING = 0.99


def weigh(
    rules: Sequence[Rule],
    findings: Iterable[Finding],
    unexamined: Mapping[str, Unavailable] | None = None,
    *,
    temperature: float = TEMPERATURE,
) -> tuple[Hypothesis, ...]:
    """Return one hypothesis per rule, best first; confidences sum up to at most 1."""
    known = tuple(findings)
    scored = [_score(rule, known, unexamined or {}) for rule in rules]
    top = max((h.score for h in scored), default=0.0)
    shares = [math.exp((h.score - top) / temperature) for h in scored]
    total = sum(shares) or 1.0
    weighed = [
        _with_confidence(h, min(CEILING, share / total))
        for h, share in zip(scored, shares, strict=True)
    ]
    return tuple(sorted(weighed, key=lambda h: (-h.score, h.id)))


def _score(
    rule: Rule, findings: tuple[Finding, ...], unexamined: Mapping[str, Unavailable]
) -> Hypothesis:
    supporting = _collect(rule.supports, findings, 1.0)
    contradicting = _collect(rule.contradicts, findings, -1.0)
    named = {*rule.supports, *rule.contradicts}
    missing = dict.fromkeys(v for k, v in unexamined.items() if k in named)
    total = rule.prior + sum(w.weight for w in (*supporting, *contradicting))
    return Hypothesis(
        id=rule.id,
        title=rule.title,
        score=total,
        prior=rule.prior,
        confidence=0.0,
        supporting=supporting,
        contradicting=contradicting,
        not_examined=tuple(missing),
        settle=rule.settle,
    )


def _collect(
    weights: Mapping[str, float], findings: tuple[Finding, ...], sign: float
) -> tuple[Weighed, ...]:
    found = [
        Weighed(f, sign * weights[f.id] * f.strength)
        for f in findings
        if f.id in weights
    ]
    return tuple(sorted(found, key=lambda w: -abs(w.weight)))


def _with_confidence(hypothesis: Hypothesis, confidence: float) -> Hypothesis:
    return Hypothesis(
        id=hypothesis.id,
        title=hypothesis.title,
        score=hypothesis.score,
        prior=hypothesis.prior,
        confidence=confidence,
        supporting=hypothesis.supporting,
        contradicting=hypothesis.contradicting,
        not_examined=hypothesis.not_examined,
        settle=hypothesis.settle,
    )
