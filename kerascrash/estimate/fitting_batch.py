"""A first estimate of the batch that fits: what a sample takes, what is left."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.model_arithmetic import batch_size_of, models_of
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case

_MARGIN = 0.8
_BACKWARD = 2  # the backward pass holds about as much again as the outputs


@dataclass(frozen=True, slots=True)
class FittingBatch:
    """``per_sample`` and ``room`` in bytes; ``batch`` is a power of 2."""

    present: int
    batch: int
    per_sample: int
    room: int


def fitting_batch(case: Case) -> FittingBatch | None:
    """Return the batch that should fit the limit, None where it cannot be told."""
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None or rise.in_stage is None:
        return None
    present, models = batch_size_of(recording), models_of(recording)
    limit = cgroup_limit(case) or last_reading(case, "host_total")
    if not present or present < 2 or not limit or not models:
        return None
    own = models[0]
    before = rise.final - rise.in_stage
    fixed = own.gradients + own.slots
    room = int(limit * _MARGIN) - before - fixed
    per_sample = max(
        _BACKWARD * own.activations // present, (rise.in_stage - fixed) // present
    )
    if room <= 0 or per_sample <= 0:
        return None
    fits = min(room // per_sample, present // 2)
    if fits < 1:
        return None
    return FittingBatch(present, 1 << (int(fits).bit_length() - 1), per_sample, room)
