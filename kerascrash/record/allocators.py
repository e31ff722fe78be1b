"""
What the frameworks' own allocators say of device memory: the blob ``allocators``.

Shape: {devices [{device ("GPU:0", "host"), framework, in_use, peak, reserved, limit
(bytes; a key is absent where the framework does not tell)}]}. A framework is asked only
when the user has imported it and it has begun to use its devices: nothing is imported,
initialised, allocated or synchronised here, each answer is a few counters (2-20 us).
"""

from __future__ import annotations

import os
import sys

from kerascrash.record.leaf import HOST
from kerascrash.record.safe import namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder
    from kerascrash.record.sampler import Sampler

_MOST = 64
_PATIENCE = 3
_MIB = 1 << 20


class Allocators:
    """Asks all frameworks; what fails or tells nothing is not asked again."""

    def __init__(self, recorder: Recorder, sampler: Sampler) -> None:
        self._recorder = recorder
        self._sampler = sampler
        self._without: set[str] = set()
        self._failures: dict[str, int] = {}
        self._limits: dict[str, int] = {}
        self._last: list[dict[str, Any]] = []

    def look(self) -> None:
        """Read the counters; they go into the next samples, and changed into a blob."""
        rows: list[dict[str, Any]] = []
        for name, ask in _FRAMEWORKS:
            if self._failures.get(name, 0) >= _PATIENCE:
                continue
            try:
                rows += ask(self._without, self._limits)
            except Exception:  # half imported, or a version that differs
                self._failures[name] = self._failures.get(name, 0) + 1
        if not rows or rows == self._last:
            return
        self._last = rows
        fullest = max(rows, key=_fullness)
        values = {"device_used": fullest["in_use"]}
        if "limit" in fullest:
            values["device_limit"] = fullest["limit"]
        self._sampler.device = values
        self._sampler.device_peak = fullest.get("peak", fullest["in_use"])
        self._recorder.writer.blob("allocators", {"devices": rows[:_MOST]})


def _fullness(row: dict[str, Any]) -> tuple[float, int]:
    in_use: int = row["in_use"]
    return (in_use / row["limit"] if row.get("limit") else 0.0, in_use)


def _ask_tensorflow(without: set[str], limits: dict[str, int]) -> list[dict[str, Any]]:
    """
    Ask each logical device. On the CPU TensorFlow counts only where its own pool is
    switched on (``TF_CPU_ALLOCATOR_USE_BFC``).
    """
    space = namespace_of(sys.modules.get("tensorflow.python.eager.context"))
    context = space.get("_context") if space else None
    calls = sys.modules.get("tensorflow.python.pywrap_tfe")
    if context is None or calls is None or not context._initialized:  # noqa: SLF001
        return []
    rows = []
    handle = context._context_handle  # noqa: SLF001 - keeps the context alive meanwhile
    for device in context._logical_devices or ():  # noqa: SLF001
        name = device.name.removeprefix("/device:")
        key = f"tensorflow {name}"
        if key in without:
            continue
        try:
            told = calls.TFE_GetMemoryInfo(handle, name)
        except Exception:  # this allocator keeps no statistics
            without.add(key)
            continue
        if not limits.get(key):
            limits[key] = _tensorflow_limit(calls, handle, name)
        row = {
            "device": HOST if name.startswith("CPU") else name,
            "framework": "tensorflow",
            "in_use": int(told["current"]),
            "peak": int(told["peak"]),
        }
        rows.append(row | ({"limit": limits[key]} if limits[key] > 0 else {}))
    return rows


def _tensorflow_limit(calls: Any, handle: Any, name: str) -> int:
    """Return what the pool of a device may hold at most in bytes, -1 where unknown."""
    if name.startswith("CPU"):
        text = os.environ.get("TF_CPU_BFC_MEM_LIMIT_IN_MB", "")
        return int(text) * _MIB if text.isdigit() else -1
    session = sys.modules.get("tensorflow.python.client.pywrap_tf_session")
    try:
        devices = calls.TFE_ContextListDevices(handle)
        for index in range(calls.TF_DeviceListCount(devices)):
            if calls.TF_DeviceListName(devices, index).endswith(f"device:{name}"):
                return int(session.TF_DeviceListMemoryBytes(devices, index))  # type: ignore[union-attr]
    except Exception:  # not offered by this version
        return -1
    return -1


def _ask_jax(without: set[str], _: dict[str, int]) -> list[dict[str, Any]]:
    """Ask the devices of the backends that are there; JAX counts none on the CPU."""
    space = namespace_of(sys.modules.get("jax._src.xla_bridge"))
    backends = space.get("_backends") if space else None
    rows = []
    for platform, client in list((backends or {}).items()):
        if f"jax {platform}" in without:
            continue
        for device in client.local_devices():
            told = device.memory_stats()
            if told is None:
                without.add(f"jax {platform}")
                break
            row = {
                "device": f"{device.platform.upper()}:{device.id}",
                "framework": "jax",
                "in_use": int(told["bytes_in_use"]),
            }
            for key, theirs in (
                ("peak", "peak_bytes_in_use"),
                ("reserved", "bytes_reserved"),
                ("limit", "bytes_limit"),
            ):
                if told.get(theirs):
                    row[key] = int(told[theirs])
            rows.append(row)
    return rows


def _ask_torch(_: set[str], __: dict[str, int]) -> list[dict[str, Any]]:
    """Ask the devices of CUDA once torch has initialised it."""
    space = namespace_of(sys.modules.get("torch.cuda"))
    if not space or space.get("_initialized") is not True:
        return []
    calls = sys.modules["torch._C"]
    if space["_is_in_bad_fork"]():
        return []
    rows = []
    for index in range(calls._cuda_getDeviceCount()):  # noqa: SLF001
        told = calls._cuda_memoryStats(index)  # noqa: SLF001
        allocated = told["allocated_bytes"]["all"]
        if allocated["peak"]:
            rows.append(
                {
                    "device": f"GPU:{index}",
                    "framework": "torch",
                    "in_use": int(allocated["current"]),
                    "peak": int(allocated["peak"]),
                    "reserved": int(told["reserved_bytes"]["all"]["current"]),
                }
            )
    return rows


_FRAMEWORKS: tuple[tuple[str, Callable[..., list[dict[str, Any]]]], ...] = (
    ("tensorflow", _ask_tensorflow),
    ("jax", _ask_jax),
    ("torch", _ask_torch),
)
