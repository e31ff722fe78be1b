"""Detectors observe: findings from the Case, and what could not be examined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding, Unavailable
from kerascrash.model.rules import Detector
from kerascrash.model.walk import load_constants


@dataclass(frozen=True, slots=True)
class Observed:
    """
    What all detectors saw.

    ``unexamined`` maps the findings that nobody could look for to the reason;
    ``faults`` names detectors of ours that raised.
    """

    findings: tuple[Finding, ...]
    unexamined: Mapping[str, Unavailable]
    faults: tuple[str, ...] = ()


def load_detectors() -> tuple[Detector, ...]:
    """Return every detector of the package, sorted by id."""
    return load_constants("kerascrash.detect", "DETECTOR")


def observe(case: Case, detectors: tuple[Detector, ...] | None = None) -> Observed:
    """Run the detectors; one that raises is reported as a fault, the others go on."""
    findings: list[Finding] = []
    unexamined: dict[str, Unavailable] = {}
    examined: set[str] = set()
    faults: list[str] = []
    for detector in load_detectors() if detectors is None else detectors:
        missing = next(
            (r for n in detector.needs if (r := find_missing(case, n))), None
        )
        if missing is not None:
            unexamined.update(dict.fromkeys(detector.finds, missing))
            continue
        examined.update(detector.finds)
        try:
            findings.extend(detector.detect(case))
        except Exception as error:  # a rule of ours must not cost the others
            faults.append(f"detector {detector.id}: {type(error).__name__}: {error}")
    seen = examined | {f.id for f in findings}
    left = {k: v for k, v in unexamined.items() if k not in seen}
    return Observed(merge(findings), left, tuple(faults))


def find_missing(case: Case, need: str) -> Unavailable | None:
    """Return why ``need`` (see Detector.needs) cannot be looked at, or None."""
    if need in ("recording", "certificate", "exit", "process"):
        value = getattr(case, need)
        return value if isinstance(value, Unavailable) else None
    if need == "trace":
        return None if case.traces else _find_reason(case, "trace", "none was given")
    if need == "core":
        return None if case.core else _find_reason(case, "core file", "none was given")
    kind = need.removeprefix("log").removeprefix(":")
    if any(not kind or log.kind == kind for log in case.logs):
        return None
    return _find_reason(case, f"{kind} log".strip(), "none was given or found")


def _find_reason(case: Case, what: str, otherwise: str) -> Unavailable:
    known = (u for u in case.unavailable if u.what == what)
    return next(known, Unavailable(what, otherwise))


def merge(findings: list[Finding]) -> tuple[Finding, ...]:
    """
    Join findings of one id: the strongest stands, all evidence is kept.

    The same observation made twice is one observation: its weight counts once.
    """
    by_id: dict[str, Finding] = {}
    for finding in findings:
        old = by_id.get(finding.id)
        if old is None:
            by_id[finding.id] = finding
            continue
        best, rest = (
            (finding, old) if finding.strength > old.strength else (old, finding)
        )
        extra = tuple(e for e in rest.evidence if e not in best.evidence)
        by_id[finding.id] = Finding(
            best.id, best.text, best.strength, best.evidence + extra, best.data
        )
    return tuple(by_id.values())
