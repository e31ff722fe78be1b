"""The input pipelines: their ops and buffer sizes, in order."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.weights import of_text
from kerascrash.estimate.pipelines import pipeline_ops
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "pipeline"


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = _chains(a), _chains(b)
    for number in range(max(len(one), len(two))):
        old = one[number] if number < len(one) else None
        new = two[number] if number < len(two) else None
        name = "input pipeline" if number == 0 else f"input pipeline {number + 1}"
        yield from of_text(_GROUP, name, old, new)


def _chains(diagnosis: Diagnosis) -> list[str]:
    """Return ``range().shuffle(1024).batch(32)`` for each pipeline."""
    chains = pipeline_ops(recording_of(diagnosis.case))
    return [".".join(op.text for op in ops)[:300] for ops in chains[:8]]


PART = Part("pipeline", "input pipeline", _compare)
