"""
Observe objects of the user that grew until the death, measured against the whole rise.

A container that is filled once (a data set, a vocabulary) and then stays is not here;
one that is emptied at each epoch may look alike until the epoch ends.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.epoch_growth import pace_of
from kerascrash.estimate.gradients import gradients_kept
from kerascrash.estimate.graphs_kept import graphs_kept
from kerascrash.estimate.kept import Kept, growing, leaks, made_anew
from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.models_kept import holds_models, models_kept
from kerascrash.estimate.pipelines import holds_elements, pipeline_ops
from kerascrash.estimate.retraces import retraced
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.1
_ALONE, _PINNED = 0.8, 2.0
"""What is kept between blocks that are freed keeps the allocator from giving these
back: where one holding alone grows, it may account for so many times its bytes."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the biggest growing holding of each kind."""
    rise = rise_of(case)
    if rise is None or rise.total <= 0:
        return
    seen: set[str] = set()
    graphs = graphs_kept(case)
    for kept in (*([graphs] if graphs else ()), *leaks(case)):
        share = min((kept.bytes + _second_copy(case, kept)) / rise.whole, 1.0)
        finding = _finding_id(kept)
        if share < _LEAST_SHARE or finding in seen or _of_models(case, kept):
            continue
        seen.add(finding)
        strength = share
        if _grows_alone(case, kept):
            strength = max(share, min(_PINNED * share, 0.5))
        yield _observe(case, finding, kept, share, strength)
    gradients = gradients_kept(case)
    if gradients is not None and gradients.share >= _LEAST_SHARE:
        owner, share = gradients.holding.owner, gradients.share
        yield note(
            "gradients_kept", "dump:inventory", gradients.text, share, owner=owner
        )


def _second_copy(case: Case, kept: Kept) -> int:
    """Return the bytes of what grows that were being made again when it died."""
    doing = line_at_death(case)
    if doing is None or doing.kind != "load" or not made_anew(doing.target, kept):
        return 0
    return min(doing.bytes, kept.bytes)


def _grows_alone(case: Case, kept: Kept) -> bool:
    """Tell that no other name grows to speak of, and nothing native is known to."""
    total = sum(one.bytes for one in growing(case))
    if kept.bytes < _ALONE * total or retraced(case):
        return False
    return not any(map(holds_elements, pipeline_ops(recording_of(case))))


def _of_models(case: Case, kept: Kept) -> bool:
    """Models that pile up are observed by themselves, also those in tuples, dicts."""
    models = models_kept(case)
    keeps = models is not None and models.owner == kept.holding.owner
    return keeps or holds_models(kept.holding, recording_of(case))


def _finding_id(kept: Kept) -> str:
    if kept.holding.holds_tensors:
        return "tensors_kept"
    numbers = kept.holding.holds_arrays or kept.holding.holds_numbers
    return "arrays_kept" if numbers else "objects_kept"


def _observe(
    case: Case, finding: str, kept: Kept, share: float, strength: float
) -> Finding:
    holding = kept.holding
    rate, unit = pace_of(case, holding)
    growth = f", {format_bytes(rate)} more each {unit}" if rate and rate > 0 else ""
    text = (
        f"`{holding.owner}` ({holding.kind}) grew to {format_bytes(kept.bytes)}{growth}"
        f": {share:.0%} of what the process grew"
    )
    return note(
        finding,
        "dump:inventory",
        text,
        strength,
        owner=holding.owner,
        bytes=kept.bytes,
        share=share,
    )


DETECTOR = Detector(
    id="held_growth",
    finds=("tensors_kept", "arrays_kept", "objects_kept", "gradients_kept"),
    detect=detect,
    needs=("recording",),
)
