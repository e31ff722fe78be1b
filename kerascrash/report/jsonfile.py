"""
The diagnosis as JSON: ``kerascrash.report/1``, for scripts, CI and other tools.

Every key is always present; what is not known is null or empty. Sizes are bytes, times
Unix seconds. ``report.schema.json`` beside this file describes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report.device import traces_list
from kerascrash.report.format import Format
from kerascrash.report.json_case import (
    core_object,
    evidence_object,
    exit_object,
    logs_list,
    process_object,
    stacks_list,
    timeline_object,
    unavailable_object,
)
from kerascrash.report.json_sizes import layers_object, remedies_list
from kerascrash.report.json_verdict import (
    hypothesis_object,
    progress_object,
    signature_object,
    verdict_object,
)
from kerascrash.report.missing import all_damage, all_unavailable
from kerascrash.report.plain import items, mapping, mappings, plain

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis, Ledger

SCHEMA = "kerascrash.report/1"


def render(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as a JSON document in ASCII."""
    return json.dumps(as_object(diagnosis), indent=1, allow_nan=False) + "\n"


def as_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as JSON data."""
    judged = {
        "schema": SCHEMA,
        "verdict": verdict_object(diagnosis),
        "signature": signature_object(diagnosis.signature),
        "progress": progress_object(diagnosis),
        "hypotheses": [hypothesis_object(h) for h in diagnosis.causes],
        "factors": [hypothesis_object(h) for h in diagnosis.factors],
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
        "traces": traces_list(diagnosis.case),
        "layers": layers_object(diagnosis.layers),
        "remedies": remedies_list(diagnosis.remedies),
        "forecast": _forecast(diagnosis),
        "faults": diagnosis.faults,
        "redaction": asdict(diagnosis.redaction) if diagnosis.redaction else None,
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
        "core": core_object(case),
        "process": process_object(case),
        "children": [process_object(child) for child in case.children],
        "environment": here.environment if here else {},
        "limits": here.limits if here else {},
        "devices": mappings(here.devices.get("devices")) if here else [],
        "device_allocators": mappings(here.allocators.get("devices")) if here else [],
        "certificate": (
            None if isinstance(case.certificate, Unavailable) else case.certificate
        ),
        "damage": [
            {"where": d.where, "text": d.text, "offset": d.offset}
            for d in all_damage(case)
        ],
        "unavailable": [unavailable_object(u) for u in all_unavailable(diagnosis)],
    }


def _ledger(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        _ledger_key(ledger): {
            "total_bytes": ledger.total,
            "time": ledger.time,
            "device": ledger.device,
            "at": ledger.at,
            "view": ledger.view,
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


def _ledger_key(ledger: Ledger) -> str:
    """Return the device; with the moment or view where a second ledger is of it."""
    if ledger.device == "host":
        return "host" if ledger.at == "death" else "host at the peak"
    by = "" if ledger.view == "operation" else " by purpose"
    return f"{ledger.device}{by}"


def _forecast(diagnosis: Diagnosis) -> dict[str, Any]:
    forecast = dict(diagnosis.forecast)
    return {
        **forecast,
        "fits": forecast.get("fits"),
        "points": items(forecast.get("points")),
    }


FORMAT = Format("json", ".json", render)
