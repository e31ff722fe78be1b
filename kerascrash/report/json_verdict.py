"""The judgement as JSON data: verdict, progress, hypotheses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.report.json_case import place_object, unavailable_object

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis, Hypothesis, Signature, Weighed


def verdict_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the verdict with culprit and advice."""
    verdict = diagnosis.verdict
    return {
        "cause": verdict.cause,
        "confidence": verdict.confidence,
        "certainty": verdict.certainty,
        "factor": verdict.factor,
        "factor_confidence": verdict.factor_confidence,
        "second_factor": verdict.second_factor,
        "culprit": _culprit(diagnosis),
        "summary": verdict.summary,
        "advice": [
            {
                "action": advice.action,
                "detail": advice.detail,
                "saves_bytes": advice.saves_bytes,
                "example": advice.example or None,
                **place_object(advice.place),
            }
            for advice in verdict.advice
        ],
    }


def _culprit(diagnosis: Diagnosis) -> dict[str, Any] | None:
    culprit = diagnosis.verdict.culprit
    if culprit is None:
        return None
    return {
        "owner": culprit.owner,
        "kind": culprit.kind,
        "bytes": culprit.bytes,
        "growth_bytes_per_step": culprit.growth_bytes_per_step,
        "growth_per": culprit.growth_per,
        "growth_bytes_per_epoch": culprit.growth_bytes_per_epoch,
        "note": culprit.note,
        **place_object(culprit.place),
        "excerpt": [list(row) for row in culprit.place.excerpt]
        if culprit.place
        else [],
    }


def signature_object(signature: Signature) -> dict[str, Any]:
    """Return what makes equal deaths equal; parts that are not known are empty."""
    parts = {name: getattr(signature, name) for name in type(signature).__slots__}
    return {**parts, "text": signature.text}


def progress_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return where the training stood."""
    lost = diagnosis.progress
    return {name: getattr(lost, name) for name in type(lost).__slots__}


def hypothesis_object(hypothesis: Hypothesis) -> dict[str, Any]:
    """Return a cause or factor with what speaks for and against it."""
    return {
        "id": hypothesis.id,
        "title": hypothesis.title,
        "confidence": hypothesis.confidence,
        "score": hypothesis.score,
        "prior": hypothesis.prior,
        "for": [_weighed(w) for w in hypothesis.supporting],
        "against": [_weighed(w) for w in hypothesis.contradicting],
        "not_examined": [unavailable_object(u) for u in hypothesis.not_examined],
        "settle": hypothesis.settle,
    }


def _weighed(weighed: Weighed) -> dict[str, Any]:
    finding = weighed.finding
    return {
        "finding": finding.id,
        "text": finding.text,
        "weight": weighed.weight,
        "evidence": [e.id for e in finding.evidence],
    }
