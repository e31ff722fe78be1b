"""
Observe traced functions that were traced again and again, and models that pile up.

The first traces are normal: one per input signature. What grows with the steps is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.models_kept import models_kept
from kerascrash.estimate.retraces import Retraced, retraced
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_FOR_SURE = 30  # traces
_SMALL_SHARE = 0.1


def detect(case: Case) -> Iterator[Finding]:
    """Yield the function whose graphs took most, and a large number of models."""
    recording = recording_of(case)
    if recording is None:
        return
    for worst in retraced(case)[:1]:
        yield _observe(worst)
    models = models_kept(case)
    if models is not None:
        where = f" in `{models.owner}`" if models.owner else ""
        text = f"{models.count:,} models were alive at once{where}"
        text += f", {format_bytes(models.bytes)} in all"
        strength = min(1.0, 0.3 + 1.5 * models.share)
        yield note("models_pile_up", "dump:models", text, strength, count=models.count)


def _observe(worst: Retraced) -> Finding:
    why = worst.varies or "a new function object each time"
    size = f", {format_bytes(worst.bytes)} in all" if worst.bytes else ""
    text = (
        f"`{worst.function}` was traced {worst.count:,} times ({why}); each trace "
        f"keeps a graph{size}"
    )
    return note(
        "functions_retraced",
        "dump:events",
        text,
        _strength(worst),
        worst.time,
        function=worst.function,
        count=worst.count,
        alive=worst.alive,
        bytes=worst.bytes,
    )


def _strength(worst: Retraced) -> float:
    """By the share of the growth; where no bytes are known, by the number of traces."""
    strength = 0.4 + 0.6 * min(worst.count / _FOR_SURE, 1.0)
    if worst.share is not None:
        strength = min(1.0, 0.3 + 1.5 * worst.share)
        if worst.share < _SMALL_SHARE:
            strength = worst.share
    return strength if worst.goes_on else strength / 3


DETECTOR = Detector(
    id="graph_growth",
    finds=("functions_retraced", "models_pile_up"),
    detect=detect,
    needs=("recording",),
)
