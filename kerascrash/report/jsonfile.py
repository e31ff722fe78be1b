"""
The diagnosis as JSON: ``kerascrash.report/1``, for scripts, CI and other tools.

Every key is always present; what is not known is null or empty. Sizes are bytes, times
Unix seconds. ``report.schema.json`` beside this file describes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report.format import Format
from kerascrash.report.json_case import (
    evidence_object,
    exit_object,
    logs_list,
    place_object,
    process_object,
    stacks_list,
    timeline_object,
    unavailable_object,
)
from kerascrash.report.missing import all_damage, all_unavailable
from kerascrash.report.plain import items, mapping, mappings, plain

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis, Hypothesis, Weighed

SCHEMA = "kerascrash.report/1"


def render(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as a JSON document in ASCII."""
    return json.dumps(as_object(diagnosis), indent=1, allow_nan=False) + "\n"


def as_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as JSON data."""
    judged = {
        "schema": SCHEMA,
        "verdict": _verdict(diagnosis),
        "progress": _progress(diagnosis),
        "hypotheses": [_hypothesis(h) for h in diagnosis.causes],
        "factors": [_hypothesis(h) for h in diagnosis.factors],
        "findings": [
            {
                "id": finding.id,
                "text": finding.text,
                "strength": finding.strength,
                "evidence": [e.id for e in finding.evidence],
            }
            for finding in diagnosis.findings
        ],
        "evidence": [evidence_object(e) for e in diagnosis.evidence],
        "ledger": _ledger(diagnosis),
        "allocators": mappings(diagnosis.allocators),
        "forecast": _forecast(diagnosis),
        "faults": diagnosis.faults,
    }
    return {key: plain(value) for key, value in {**judged, **_seen(diagnosis)}.items()}


def _seen(diagnosis: Diagnosis) -> dict[str, Any]:
    case, recording = diagnosis.case, diagnosis.case.recording
    here = None if isinstance(recording, Unavailable) else recording
    models = mapping(here.models) if here else {}
    return {
        "timeline": timeline_object(case),
        "inventory": mappings(here.inventory.get("entries")) if here else [],
        "models": mappings(models.get("models")),
        "batches": mappings(models.get("batches")),
        "stacks": stacks_list(case),
        "logs": logs_list(case.logs),
        "exit": exit_object(case),
        "process": process_object(case),
        "children": [process_object(child) for child in case.children],
        "environment": here.environment if here else {},
        "limits": here.limits if here else {},
        "certificate": (
            None if isinstance(case.certificate, Unavailable) else case.certificate
        ),
        "damage": [
            {"where": d.where, "text": d.text, "offset": d.offset}
            for d in all_damage(case)
        ],
        "unavailable": [unavailable_object(u) for u in all_unavailable(diagnosis)],
    }


def _verdict(diagnosis: Diagnosis) -> dict[str, Any]:
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
        "note": culprit.note,
        **place_object(culprit.place),
    }


def _progress(diagnosis: Diagnosis) -> dict[str, Any]:
    lost = diagnosis.progress
    return {name: getattr(lost, name) for name in type(lost).__slots__}


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
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


def _ledger(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        ledger.device: {
            "total_bytes": ledger.total,
            "time": ledger.time,
            "lines": [
                {
                    "name": line.name,
                    "bytes": line.bytes,
                    "known_by": line.known_by,
                    "detail": line.detail,
                }
                for line in ledger.lines
            ],
        }
        for ledger in diagnosis.ledgers
    }


def _forecast(diagnosis: Diagnosis) -> dict[str, Any]:
    forecast = dict(diagnosis.forecast)
    return {
        **forecast,
        "fits": forecast.get("fits"),
        "points": items(forecast.get("points")),
    }


FORMAT = Format("json", ".json", render)
