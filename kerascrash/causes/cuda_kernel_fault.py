"""
Code on the GPU touched memory that is not its own, or failed to launch: Xid 13, 31,
43.

CUDA reports it late: the line that names it may stand far from the operation at
fault.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="cuda_kernel_fault",
    title="A kernel on the GPU failed (illegal address, launch failure)",
    meaning=(
        "An operation on the GPU failed; an index out of range or a faulty "
        "kernel does that."
    ),
    prior=-3.8,
    supports={
        "cuda_kernel_fault": 8.0,
        "xid_app": 7.5,
        "gpu_library_call_failed": 4.6,
        "cuda_messenger": 4.2,
        "xid_other": 1.0,
    },
    contradicts={
        "exit_zero": 4.0,
        "gpu_oom": 2.0,
        "gpu_hardware": 2.5,
    },
    remedies=(
        "Run once with CUDA_LAUNCH_BLOCKING=1 to find the operation.",
        "Check indices and labels: an id beyond the embedding does it.",
        "Upgrade driver and framework together.",
    ),
    near_misses=(
        "`Unexpected Event status: 1` is only the messenger.",
        "Uncorrectable ECC errors look alike at first.",
    ),
    settle=(
        "CUDA_LAUNCH_BLOCKING=1 python train.py; compute-sanitizer python train.py"
    ),
)
