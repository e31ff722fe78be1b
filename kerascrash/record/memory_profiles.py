"""
What JAX and PyTorch tell of their device memory at once, kept as the last three files.

JAX: its profile of live buffers with the Python stacks that made them (about 1 ms; it
also works on the CPU). PyTorch: the blocks of its CUDA pools, counted here (they hold
no names unless the user records a history, and then they are left to him). Unlike a
session's trace they are whole as soon as they are written.
"""

from __future__ import annotations

import contextlib
import os
import sys

from kerascrash.dump.beside import PROFILES
from kerascrash.record.hook import guarded
from kerascrash.record.safe import namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from kerascrash.record.recorder import Recorder

JAX_SUFFIX, TORCH_SUFFIX = ".prof", ".torch_pools.json"
_KEPT = 3
_SIZES = 16
_MOST_BYTES = 16 << 20


class MemoryProfiles:
    """Writes into the folder of one dump's traces."""

    def __init__(self, recorder: Recorder, folder: str) -> None:
        self._folder = os.path.join(folder, PROFILES)
        self._asks = [
            (suffix, guarded(recorder, f"memory_profile_of_{name}", ask))
            for name, suffix, ask in _FRAMEWORKS
        ]
        self._kept: dict[str, list[str]] = {}

    def look(self, name: str) -> None:
        """Ask each framework that the user has imported and that uses devices."""
        for suffix, ask in self._asks:
            data = ask()
            if data and len(data) <= _MOST_BYTES:
                self._write(name, suffix, data)

    def _write(self, name: str, suffix: str, data: bytes) -> None:
        os.makedirs(self._folder, 0o700, exist_ok=True)
        path = os.path.join(self._folder, name + suffix)
        partial = path + ".part"
        with open(partial, "wb") as file:
            file.write(data)
        os.replace(partial, path)
        kept = self._kept.setdefault(suffix, [])
        kept.append(path)
        while len(kept) > _KEPT:
            with contextlib.suppress(OSError):
                os.unlink(kept.pop(0))


def _ask_jax() -> bytes:
    """Return a gzipped profile in pprof's format, nothing where JAX has no devices."""
    bridge = namespace_of(sys.modules.get("jax._src.xla_bridge"))
    module = sys.modules.get("jax.profiler")
    if not bridge or not bridge.get("_backends") or module is None:
        return b""
    profile: bytes = module.device_memory_profile()
    return profile


def _ask_torch() -> bytes:
    """Return the pools of CUDA as JSON once torch has initialised it."""
    space = namespace_of(sys.modules.get("torch.cuda"))
    if not space or space.get("_initialized") is not True:
        return b""
    calls = sys.modules["torch._C"]
    if space["_is_in_bad_fork"]() or calls._cuda_isHistoryEnabled():  # noqa: SLF001
        return b""
    import json

    snapshot = sys.modules["torch.cuda.memory"]._snapshot()  # noqa: SLF001
    return json.dumps({"pools": summarise(snapshot["segments"])}).encode()


def summarise(segments: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Return a row per device: bytes of the pool, in use, free, the largest free piece.

    ``by_size`` are [size, count] of the pieces in use, those that take most first.
    """
    rows: dict[int, dict[str, Any]] = {}
    sizes: dict[int, dict[int, int]] = {}
    for segment in segments:
        device = int(segment["device"])
        row = rows.setdefault(
            device,
            {"device": f"GPU:{device}", "pool": 0, "in_use": 0, "free": 0}
            | {"largest_free": 0, "pieces": 0, "pieces_in_use": 0},
        )
        row["pool"] += int(segment["total_size"])
        for block in segment["blocks"]:
            size = int(block["size"])
            row["pieces"] += 1
            if block["state"] == "inactive":
                row["free"] += size
                row["largest_free"] = max(row["largest_free"], size)
            else:  # allocated, or freed and awaited by a stream
                row["in_use"] += size
                row["pieces_in_use"] += 1
                counts = sizes.setdefault(device, {})
                counts[size] = counts.get(size, 0) + 1
    for device, row in rows.items():
        counts = sizes.get(device, {})
        most = sorted(counts, key=lambda size: -size * counts[size])[:_SIZES]
        row["by_size"] = [[size, counts[size]] for size in most]
    return [rows[device] for device in sorted(rows)]


_FRAMEWORKS = (("jax", JAX_SUFFIX, _ask_jax), ("torch", TORCH_SUFFIX, _ask_torch))
