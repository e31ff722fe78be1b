"""
What NVIDIA's management library (NVML) tells of each device, through ``pynvml``.

Any of these calls may hang once a device is lost, so this belongs into a process of its
own that can be killed (watch/nvml_child.py). Before each call ``at`` is told which one
it is. Codes and meanings are those of NVIDIA's NVML API reference.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIBRARY = "libnvidia-ml.so.1"
NO_DEVICE = -1
_UNSUPPORTED = (3, 4, 13)  # not supported, no permission, no such function
_LOST = (15, 16)  # fallen off the bus, in need of a reset
_UNCORRECTED, _VOLATILE, _ON_CHIP = 1, 0, 0
_XID = 0x8
_MOST_PROCESSES = 32
_NUMBERS = (
    ("temperature_c", "nvmlDeviceGetTemperature", (_ON_CHIP,)),
    ("power_mw", "nvmlDeviceGetPowerUsage", ()),
    ("ecc_uncorrected", "nvmlDeviceGetTotalEccErrors", (_UNCORRECTED, _VOLATILE)),
    ("throttle", "nvmlDeviceGetCurrentClocksThrottleReasons", ()),
)
THROTTLE = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x20: "thermal slowdown by the driver",
    0x40: "thermal slowdown by the hardware",
    0x80: "power brake",
}
"""Reasons for a lower clock that say something of a machine; idle ones are left out."""


class DeviceLostError(Exception):
    """The driver says that the device is gone."""


class NvmlReader:
    """
    Reads one device at a time; ``nvml`` is the module ``pynvml``.

    What a device does not support is asked for once. Making one raises what ``pynvml``
    raises when there is no driver.
    """

    def __init__(self, nvml: Any, at: Callable[[int, str], None]) -> None:
        self._nvml = nvml
        self._at = at
        self._without: set[tuple[int, str]] = set()
        self._handles: dict[int, Any] = {}
        self._events: Any = None
        at(NO_DEVICE, "nvmlInit")
        nvml.nvmlInit()
        self.driver = _text(self._ask(NO_DEVICE, "nvmlSystemGetDriverVersion"))
        self.count = int(self._ask(NO_DEVICE, "nvmlDeviceGetCount") or 0)

    def read(self, index: int) -> dict[str, Any]:
        """
        Return what the device tells: ``name``, numbers as in ``DEVICE_FIELDS`` and
        ``processes`` [(pid, bytes or None)]; raises DeviceLostError.
        """
        handle = self._handle(index)
        memory = self._ask(index, "nvmlDeviceGetMemoryInfo", handle)
        row: dict[str, Any] = {"name": self._name(index, handle)}
        if memory is not None:
            row |= {"total": int(memory.total), "used": int(memory.used)}
        rates = self._ask(index, "nvmlDeviceGetUtilizationRates", handle)
        if rates is not None:
            row["utilisation_percent"] = int(rates.gpu)
        for key, function, arguments in _NUMBERS:
            value = self._ask(index, function, handle, *arguments)
            if value is not None:
                row[key] = int(value)
        row["processes"] = self._processes(index, handle)
        return row

    def follow_errors(self, index: int) -> None:
        """Ask for the device's Xid errors from now on, where they can be had."""
        if self._events is None:
            self._events = self._ask(NO_DEVICE, "nvmlEventSetCreate")
        if self._events is not None:
            handle = self._handle(index)
            self._ask(index, "nvmlDeviceRegisterEvents", handle, _XID, self._events)

    def wait(self, seconds: float) -> tuple[int, int] | None:
        """Sleep, and return (device, code) as soon as there is an Xid error."""
        began = time.monotonic()
        if self._events is not None:
            event = self._ask(
                NO_DEVICE, "nvmlEventSetWait_v2", self._events, int(seconds * 1000)
            )
            if event is not None and event.eventType == _XID:
                address = _address(event.device)
                known = {_address(h): i for i, h in self._handles.items()}
                return known.get(address, NO_DEVICE), int(event.eventData)
        left = seconds - (time.monotonic() - began)
        if left > 0:
            time.sleep(left)
        return None

    def _handle(self, index: int) -> Any:
        if index not in self._handles:
            handle = self._ask(index, "nvmlDeviceGetHandleByIndex", index)
            if handle is None:
                raise DeviceLostError("the driver gives no handle of it")
            self._handles[index] = handle
        return self._handles[index]

    def _name(self, index: int, handle: Any) -> str:
        return _text(self._ask(index, "nvmlDeviceGetName", handle))

    def _processes(self, index: int, handle: Any) -> list[tuple[int, int | None]]:
        """Return who holds memory: a desktop holds some for graphics."""
        held: dict[int, int | None] = {}
        for kind in ("Compute", "Graphics"):
            name = f"nvmlDeviceGet{kind}RunningProcesses"
            for row in self._ask(index, name, handle) or ():
                size = None if row.usedGpuMemory is None else int(row.usedGpuMemory)
                if row.pid not in held or (size or 0) > (held[row.pid] or 0):
                    held[int(row.pid)] = size
        rows = sorted(held.items(), key=lambda item: -(item[1] or 0))
        return rows[:_MOST_PROCESSES]

    def _ask(self, index: int, name: str, *arguments: Any) -> Any:
        """Return the answer, None where there is none."""
        if (index, name) in self._without:
            return None
        self._at(index, name)
        try:
            return getattr(self._nvml, name)(*arguments)
        except AttributeError:  # an older pynvml
            self._without.add((index, name))
        except self._nvml.NVMLError as error:
            code = getattr(error, "value", 0)
            if code in _LOST and index != NO_DEVICE:
                raise DeviceLostError(str(error)) from None
            if code in _UNSUPPORTED:
                self._without.add((index, name))
        return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value or "")


def _address(handle: Any) -> int | None:
    from ctypes import c_void_p, cast

    return cast(handle, c_void_p).value
