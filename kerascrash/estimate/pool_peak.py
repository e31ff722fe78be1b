"""
What a step needs of a framework's own pool, also at a batch that was not run.

A pool hands pieces back to itself, so that its peak is what was alive at once: weights
and slots, the step with its gradients and the data where
they are tensors of that device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.device_memory import pools_of
from kerascrash.estimate.model_arithmetic import batch_size_of
from kerascrash.estimate.step_bytes import own_model, step_cost
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording

HOST = "host"
"""The device of a pool on the CPU."""
_BEFORE_A_STEP = 0.5
"""Of what a step needs: a peak below that was read before one was over."""


@dataclass(frozen=True, slots=True)
class PoolNeed:
    """What arithmetic says of a pool, in bytes."""

    weights: int
    slots: int
    step: int
    data: int

    @property
    def fixed(self) -> int:
        """What does not grow with the batch."""
        return self.weights + self.slots + self.data

    @property
    def total(self) -> int:
        return self.fixed + self.step


def pool_need(recording: Recording, batch: int, device: str) -> PoolNeed | None:
    """Return what steps of a batch need of a device's pool, None without shapes."""
    present = batch_size_of(recording)
    cost = step_cost(recording, present) if present else None
    model = own_model(recording)
    if cost is None or model is None:
        return None
    data = _data_given(recording) if device == HOST else 0
    return PoolNeed(model.weights, model.slots, int(cost.live(batch)), data)


def _data_given(recording: Recording) -> int:
    sizes = (row.get("bytes") for row in recording.models.get("data") or ())
    return sum(size for size in sizes if isinstance(size, int))


def device_fits(case: Case, batch: int | None) -> list[Mapping[str, Any]]:
    """Return one row per device pool: its peak at a batch, and its limit."""
    recording = recording_of(case)
    present = batch_size_of(recording) if recording else None
    rows: list[Mapping[str, Any]] = []
    for device, peak, limit in _pools(case, recording):
        wanted = None
        if recording and present and batch:
            here = pool_need(recording, present, device)
            there = pool_need(recording, batch, device)
            if here and there:
                alike = min(batch, present) / max(batch, present)
                wanted = _put_right(there.total, peak / max(here.total, 1), alike)
        rows.append(
            {
                "device": device,
                "predicted_peak_bytes": wanted,
                "limit_bytes": limit,
                "fits": wanted <= limit if wanted and limit else None,
            }
        )
    return rows


def _put_right(computed: int, seen: float, alike: float) -> int:
    """
    Return what arithmetic says, put right by how it did where the pool was ``seen``.

    Part of what it was wrong by belongs to the model, and part to how pieces were cut
    in that run (a piece of up to twice what was asked for is handed out whole): that
    one goes along the less, the less ``alike`` the batches are.
    """
    if seen < _BEFORE_A_STEP:
        return computed
    return int(computed * seen ** ((1 + alike) / 2))


def _pools(
    case: Case, recording: Recording | None
) -> list[tuple[str, int, int | None]]:
    """Return (device, peak, limit): from traces, else as the framework counted."""
    traced = [
        (pool.device, pool.peak, pool.limit)
        for pool in pools_of(case)
        if pool.is_device and pool.peak
    ]
    known = {device for device, _, _ in traced}
    counted = recording.allocators.get("devices") if recording else None
    return traced + [
        (str(row.get("device")), int(row["peak"]), row.get("limit"))
        for row in counted or ()
        if row.get("peak") and row.get("device") not in known
    ]
