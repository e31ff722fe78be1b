"""
The driver does not start, does not match its library, reset the card or crashed.

`cuInit: CUDA_ERROR_UNKNOWN` after suspend or an update without a reboot are the usual
ways.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="gpu_driver_fault",
    title="The GPU driver failed or does not match",
    meaning="The fault lies in the GPU driver, not in the model.",
    prior=-4.0,
    supports={
        "device_silent": 2.0,
        "gpu_driver_fault": 7.5,
        "gpu_driver_reset": 7.5,
        "gpu_driver_oops": 8.5,
        "xid_driver": 7.5,
        "cuda_messenger": 3.0,
        "kernel_oops": 1.0,
        "xid_other": 1.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "cuda_library_mismatch": 1.0,
        "gpu_hardware": 2.0,
    },
    remedies=(
        ("Reboot, or reload the driver modules, after an update or a suspend."),
        ("Install the driver anew; switch off GPU scheduling and overclocking tools."),
    ),
    near_misses=(
        (
            "An illegal address in a kernel shows up as the same `Unexpected Event "
            "status`."
        ),
        "A card without free memory.",
    ),
    settle=(
        "nvidia-smi; cat /proc/driver/nvidia/version; sudo dmesg -T | grep -iE "
        '"nvrm|nvidia"'
    ),
)
