from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import kerascrash.report
from kerascrash.model.evidence import Evidence
from kerascrash.redact.diagnosis import make_redactor, redact_diagnosis
from kerascrash.report import jsonfile

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

PROMISED = {
    "": "schema verdict hypotheses factors evidence ledger allocators forecast "
    "timeline inventory models stacks process damage unavailable",
    "verdict": "cause confidence factor factor_confidence culprit summary advice",
    "verdict.culprit": "owner kind bytes growth_bytes_per_step file line function",
    "verdict.advice.0": "action detail saves_bytes",
    "hypotheses.0": "id confidence for against not_examined",
    "factors.0": "id confidence for against not_examined",
    "evidence.0": "id source time text data",
    "forecast": "fits points",
    "forecast.fits": "batch_size low high limit_bytes",
    "timeline": "start end last_sample series marks",
}


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    path = Path(kerascrash.report.__path__[0]) / "report.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def follow(value: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


@pytest.mark.parametrize("path", PROMISED)
def test_every_promised_key_is_there(diagnosis: Diagnosis, path: str) -> None:
    written = json.loads(jsonfile.render(diagnosis))
    assert set(PROMISED[path].split()) <= set(follow(written, path))


def problems(schema: dict[str, Any], written: object) -> list[str]:
    """Return what the schema has against a report."""
    found = jsonschema.Draft202012Validator(schema).iter_errors(written)
    return [error.message for error in found]


def test_a_full_and_an_empty_diagnosis_fit_the_schema(
    schema: dict[str, Any], diagnosis: Diagnosis, empty_diagnosis: Diagnosis
) -> None:
    for each in (diagnosis, empty_diagnosis):
        assert problems(schema, json.loads(jsonfile.render(each))) == []


def test_a_redacted_diagnosis_fits_the_schema(
    schema: dict[str, Any], diagnosis: Diagnosis
) -> None:
    for names in (False, True):
        shown = redact_diagnosis(diagnosis, make_redactor(diagnosis, names=names))
        written = json.loads(jsonfile.render(shown))
        assert problems(schema, written) == []
        assert written["redaction"]["names"] is names
        assert "/home/ada" not in json.dumps(written)
        assert written["verdict"]["cause"] == diagnosis.verdict.cause


def test_the_schema_refuses_what_is_wrong(
    schema: dict[str, Any], diagnosis: Diagnosis
) -> None:
    written = json.loads(jsonfile.render(diagnosis))
    for spoil in (
        lambda w: w.pop("inventory"),
        lambda w: w["verdict"].update(confidence=1.5),
        lambda w: w["verdict"]["culprit"].update(bytes="7 GiB"),
        lambda w: w["timeline"]["series"].update(rss=[[1.0]]),
    ):
        bad = json.loads(json.dumps(written))
        spoil(bad)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_numbers_that_json_has_not_become_null(diagnosis: Diagnosis) -> None:
    odd = Evidence("E", "s", "t", float("nan"), None, {"x": float("inf"), 1: {2, 3}})
    written = json.loads(jsonfile.render(replace(diagnosis, evidence=(odd,))))
    assert written["evidence"][0]["time"] is None
    assert written["evidence"][0]["data"] == {"x": None, "1": [2, 3]}


def test_data_nested_without_end_is_cut_off(diagnosis: Diagnosis) -> None:
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]
    odd = Evidence("E", "s", "t", None, None, {"deep": deep})
    text = jsonfile.render(replace(diagnosis, evidence=(odd,)))
    assert "bottom" not in text
    json.loads(text)


def test_readings_of_both_processes_are_one_series(diagnosis: Diagnosis) -> None:
    series = json.loads(jsonfile.render(diagnosis))["timeline"]["series"]["rss"]
    times = [time for time, _ in series]
    assert times == sorted(times)
    assert len(series) <= 1000
    recorded = [s for s in diagnosis.case.recording.series if s.name == "rss"]
    assert max(v for _, v in series) == max(v for s in recorded for v in s.values)


def test_the_same_diagnosis_gives_the_same_bytes(diagnosis: Diagnosis) -> None:
    assert jsonfile.render(diagnosis) == jsonfile.render(diagnosis)
