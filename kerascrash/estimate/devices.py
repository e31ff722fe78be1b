"""What the driver told of each device while the process lived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.timeline import value_at
from kerascrash.model.case import Recording

_DRIVERS_OWN = 0.02  # of the memory: the driver's, listed under no process


@dataclass(frozen=True, slots=True)
class Device:
    """
    One device at the end of the run; bytes, None where the driver does not tell.

    ``own`` is what this process and its descendants held, ``others`` what other
    processes did, ``facts`` the row of the blob (see watch/devices.py).
    """

    index: int
    total: int
    used: int
    own: int | None
    others: int | None
    facts: Mapping[str, Any]

    @property
    def label(self) -> str:
        """``GPU 0 (NVIDIA A100)``."""
        name = self.facts.get("name")
        return f"GPU {self.index} ({name})" if name else f"GPU {self.index}"

    @property
    def is_full(self) -> bool:
        return self.used >= (1 - 5 * _DRIVERS_OWN) * self.total > 0

    def biggest_other(self) -> str:
        """Return the other process that held most, as ``python (pid 4711)``."""
        rows = [r for r in self.facts.get("processes") or () if r.get("own") is False]
        top = max(rows, key=lambda row: row.get("bytes") or 0, default=None)
        return f"{top.get('comm') or '?'} (pid {top.get('pid')})" if top else ""


def devices_of(recording: Recording) -> tuple[Device, ...]:
    """Return the devices that the driver listed, in its order."""
    found = []
    for facts in recording.devices.get("devices") or ():
        index = facts.get("index")
        if index is None:
            continue
        last = {
            name: recording.last(f"device{index}_{name}")
            for name in ("total", "used", "own", "others")
        }
        found.append(
            Device(
                index,
                last["total"] or facts.get("total") or 0,
                last["used"] or facts.get("used") or 0,
                last["own"],
                last["others"],
                facts,
            )
        )
    return tuple(found)


def devices_in_use(recording: Recording) -> tuple[Device, ...]:
    """Return those on which this process held memory; all where nothing tells."""
    devices = devices_of(recording)
    held = []
    for device in devices:
        series = recording.find_series(f"device{device.index}_own")
        if series is not None and max(series.values, default=0) > 0:
            held.append(device)
    return tuple(held) or devices


def rise_of(recording: Recording, device: Device, seconds: float) -> int:
    """Return by how many bytes the memory in use rose in the last ``seconds``."""
    series = recording.find_series(f"device{device.index}_used")
    if series is None or not series.times:
        return 0
    before = value_at(series, series.times[-1] - seconds)
    return device.used - (series.values[0] if before is None else before)
