"""
Observe traced functions that were traced again and again, and models that pile up.

The first traces are normal: one per input signature. What grows with the steps is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Mark
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_MANY_TRACES = 6
_MANY_MODELS = 8


def detect(case: Case) -> Iterator[Finding]:
    """Yield the function traced most often, and a large number of models."""
    recording = recording_of(case)
    if recording is None:
        return
    traced = [mark for mark in recording.marks if mark.kind == "retrace"]
    worst = max(traced, key=_count, default=None)
    if worst is not None and (count := _count(worst)) >= _MANY_TRACES:
        name = worst.data.get("function")
        text = f"`{name}` was traced {count:,} times; each trace keeps a graph"
        strength = min(1.0, 0.4 + count / 50)
        known = dict(worst.data)
        yield note(
            "functions_retraced", "dump:events", text, strength, worst.time, **known
        )
    models = recording.models.get("models") or []
    if len(models) >= _MANY_MODELS:
        text = f"{len(models)} models were alive at once"
        yield note("models_pile_up", "dump:models", text, min(1.0, len(models) / 20))


def _count(mark: Mark) -> int:
    count = mark.data.get("count")
    return count if isinstance(count, int) else 0


DETECTOR = Detector(
    id="graph_growth",
    finds=("functions_retraced", "models_pile_up"),
    detect=detect,
    needs=("recording",),
)
