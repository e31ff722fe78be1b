"""Batch sizes and the shapes of what the model was fed, by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerascrash.compare.recorded import blob, mappings, whole
from kerascrash.compare.weights import SETTING, of_numbers, of_text
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "batch"
_TRAINING = ("fit", "custom", "")


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = _by_stage(a), _by_stage(b)
    yield from of_numbers(_GROUP, "batch size", (_trained(a), _trained(b)))
    for stage in sorted({*one} & {*two}):
        old, new = one[stage], two[stage]
        if stage not in _TRAINING:
            sizes = whole(old.get("batch_size")), whole(new.get("batch_size"))
            yield from of_numbers(_GROUP, f"batch size in {stage}", sizes)
        name = f"shapes in {stage}" if stage else "shapes"
        yield from of_text(_GROUP, name, _shapes(old), _shapes(new), SETTING)


def _trained(diagnosis: Diagnosis) -> int | None:
    recording = recording_of(diagnosis.case)
    return batch_size_of(recording) if recording else None


def _by_stage(diagnosis: Diagnosis) -> dict[str, Mapping[str, Any]]:
    """Return the batch seen most often in each stage."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in mappings(blob(diagnosis, "models").get("batches")):
        stage = str(row.get("stage") or "").lower()
        count = whole(row.get("count")) or 0
        if stage not in found or count > (whole(found[stage].get("count")) or 0):
            found[stage] = row
    return found


def _shapes(row: Mapping[str, Any]) -> str:
    """Return ``x (28, 28) float32``: one sample's, the batch is told apart."""
    told = []
    for entry in row.get("shapes") or ():
        if isinstance(entry, (list, tuple)) and len(entry) == 3:
            name, shape, dtype = entry
            inner = shape[1:] if isinstance(shape, (list, tuple)) else ()
            told.append(f"{name} ({', '.join(map(str, inner))}) {dtype}")
    return ", ".join(told)[:300]


PART = Part("batch", "batch", _compare)
