"""Compare two diagnoses part by part; a part that raises costs only itself."""

from __future__ import annotations

from kerascrash.compare.courses import align
from kerascrash.compare.runs import memory_of, steps_of
from kerascrash.estimate.resident import peak_resident
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Process
from kerascrash.model.comparison import Comparison, Course, Difference, Part, Side
from kerascrash.model.evidence import Unavailable
from kerascrash.model.verdict import Diagnosis
from kerascrash.model.walk import load_constants

LIVED = "clean_exit"


def load_parts() -> tuple[Part, ...]:
    """Return every part of ``compare/parts``, sorted by id."""
    return load_constants("kerascrash.compare.parts", "PART")


def compare(a: Diagnosis, b: Diagnosis) -> Comparison:
    """Return what differs between run A and run B, the biggest difference first."""
    found: list[Difference] = []
    unknown = [*_not_recorded("A", a), *_not_recorded("B", b)]
    for part in load_parts():
        try:
            found += part.compare(a, b)
        except Exception as error:  # one part of ours must not cost the others
            unknown.append(f"{part.title}: {type(error).__name__}: {error}")
    stage, course_a, course_b = align(a.case, b.case)
    return Comparison(
        a=_side(a, course_a),
        b=_side(b, course_b),
        differences=tuple(sorted(found, key=lambda d: (-d.weight, d.group, d.name))),
        stage=stage,
        unknown=tuple(unknown),
        titles={part.id: part.title for part in load_parts()},
    )


def _not_recorded(label: str, diagnosis: Diagnosis) -> list[str]:
    recording = diagnosis.case.recording
    if isinstance(recording, Unavailable):
        return [f"run {label}: {recording.reason}"]
    missing = [] if memory_of(recording) else ["no memory was read"]
    if not recording.environment:
        missing.append("versions and settings were not recorded")
    return [f"run {label}: {what}" for what in missing]


def _side(diagnosis: Diagnosis, course: Course) -> Side:
    case, verdict, culprit = (
        diagnosis.case,
        diagnosis.verdict,
        diagnosis.verdict.culprit,
    )
    recording = recording_of(case)
    process = case.process if isinstance(case.process, Process) else None
    started = process.start if process else None
    reached = steps_of(recording)
    return Side(
        source=recording.source if recording else "",
        script=(process.script or process.comm) if process else "",
        sentence=(verdict.summary.strip().splitlines() or [""])[0],
        cause=verdict.cause,
        factor=verdict.factor,
        culprit=culprit.owner if culprit else "",
        confidence=verdict.confidence,
        lived=verdict.cause == LIVED,
        signature=diagnosis.signature.id,
        death=case.death,
        seconds=case.death - started if case.death and started else None,
        peak=peak_resident(case),
        steps=reached[-1].step if reached else None,
        course=course,
    )
