"""
What NVIDIA's management library (NVML) yields, asked as the watcher asks it.

In a process of its own and with a time limit: a call may hang once a device is lost.
"""

from __future__ import annotations

import glob
import os
import time
from typing import Any

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.units import format_bytes
from kerascrash.watch.nvml_process import NvmlProcess, has_library

PATIENCE_S = 8.0
_MEANING = "Device memory, ECC errors and who else holds a card cannot be read."
_COMMAND = (
    "nvidia-smi   (in a container: docker run --gpus all "
    "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility)"
)
_TOLD = {
    "utilisation_percent": "utilisation",
    "temperature_c": "temperature",
    "power_mw": "power",
    "ecc_uncorrected": "ECC errors",
    "throttle": "throttling",
}


def _examine() -> Result | None:
    nodes = glob.glob("/dev/nvidia[0-9]*")
    if not has_library(os.environ):
        if not nodes:
            return Result("ok", "no NVIDIA driver here, so no GPU to watch")
        found = f"{len(nodes)} NVIDIA devices, but no libnvidia-ml.so.1"
        return Result("missing", found, _MEANING, _COMMAND, {"devices": nodes})
    rows, problem = _ask()
    texts = [_describe(row) for row in rows]
    if problem:
        said = "; ".join([*texts, problem])
        return Result("missing", said, _MEANING, _COMMAND, {"devices": nodes})
    return Result("ok", "; ".join(texts) or "NVML is there, with no GPU")


def _ask() -> tuple[list[dict[str, Any]], str]:
    """Return one reading of each device, and what went wrong."""
    process = NvmlProcess(os.getpid(), ())
    rows: dict[int, dict[str, Any]] = {}
    count = None
    give_up = time.monotonic() + PATIENCE_S
    try:
        while count is None or len(rows) < count:
            for message in process.read():
                if "problem" in message:
                    return [], f"NVML says: {message['problem']}"
                if "count" in message:
                    count = message["count"]
                elif "state" in message:
                    rows[message["device"]] = message
            if process.ended:
                return list(rows.values()), "the process that asks NVML ended"
            if time.monotonic() > give_up:
                device, call = process.at
                where = f" about GPU {device}" if device >= 0 else ""
                told = f"{call}{where} did not return within {PATIENCE_S:.0f} s"
                return list(rows.values()), told
            time.sleep(0.02)
    finally:
        process.end()
    return list(rows.values()), ""


def _describe(row: dict[str, Any]) -> str:
    head = f"GPU {row['device']}"
    if row["state"] != "ok":
        return f"{head}: {row['state']} ({row.get('reason') or 'no memory is told'})"
    told = [text for key, text in _TOLD.items() if key in row]
    held = [one for one in row["processes"] if one["own"] is not None]
    if held or not row["processes"]:
        told.append("memory by process")
    used, total = format_bytes(row["used"]), format_bytes(row["total"])
    size = f"{used} of {total} in use"
    return f"{head}: {row.get('name') or '?'}, {size}; tells {', '.join(told)}"


CHECK = Check("gpu", "GPU", "memory", _examine)
