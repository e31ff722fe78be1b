"""What NVIDIA's management library (NVML) says of the GPUs."""

from __future__ import annotations

import glob

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.units import format_bytes


def _examine() -> Result | None:
    import pynvml

    nodes = glob.glob("/dev/nvidia[0-9]*")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if not nodes:
            return Result("ok", "no NVIDIA driver here, so no GPU to watch")
        return Result(
            "missing",
            f"{len(nodes)} NVIDIA devices, but NVML says: {error}",
            "Device memory and ECC errors cannot be read.",
            "nvidia-smi   (in a container: docker run --gpus all "
            "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility)",
            {"devices": nodes},
        )
    try:
        rows = [_describe(pynvml, i) for i in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()
    return Result("ok", "; ".join(rows) or "NVML is there, with no GPU")


def _describe(nvml: object, index: int) -> str:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)  # type: ignore[attr-defined]
    name = nvml.nvmlDeviceGetName(handle)  # type: ignore[attr-defined]
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)  # type: ignore[attr-defined]
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return f"GPU {index}: {text}, {format_bytes(memory.total)}"


CHECK = Check("gpu", "GPU", "memory", _examine)
