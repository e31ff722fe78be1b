"""
The device had no memory left for a tensor, a workspace or a library handle.

It is often in disguise: `Dst tensor is not initialized`, a cuDNN or cuBLAS handle
that cannot be made. `The caller indicates that this is not a failure` is no failure.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="gpu_oom",
    title="Out of device memory",
    meaning=(
        "The memory of a device was used up: a GPU's, or a pool that TensorFlow limits "
        "like one; by the model and its batch, or by another process on the same card."
    ),
    prior=-2.8,
    supports={
        "gpu_oom": 8.0,
        "gpu_oom_disguised": 6.2,
        "gpu_library_call_failed": 3.8,
        "device_memory_full": 3.0,
        "tensor_oom": 6.0,
        "resource_exhausted": 4.5,
        "gpu_held_by_other": 3.0,
        "gpu_memory_tight": 1.2,
        "device_filled": 0.7,
        "gpu_memory_reserved": 1.5,
        "oom_tensor_shape": 0.5,
        "raised_device_exhausted": 8.0,
        "gpu_pool_dump": 7.0,
        "device_pool_exhausted": 8.0,
        "device_request_failed": 2.0,
        "device_pool_full": 1.0,
        "refusal_unchecked": 3.0,
    },
    contradicts={
        "exit_zero": 4.0,
        "cuda_library_mismatch": 3.0,
        "disk_full": 4.0,
        "host_alloc_failed": 1.5,
        "device_memory_free": 4.0,
        "host_pool_exhausted": 9.0,
        "exit_sigkill": 1.5,
        "no_gpu": 1.5,
        "cuda_library_missing": 1.5,
    },
    remedies=(
        "Use a smaller batch, smaller inputs or mixed precision.",
        (
            "Let TensorFlow grow its pool: "
            "`tf.config.experimental.set_memory_growth(gpu, True)`."
        ),
        "Free the card: `nvidia-smi` shows who holds it.",
    ),
    near_misses=(
        (
            "ResourceExhausted may mean host memory (`allocator cpu`), a disk "
            "quota or a checkpoint's file name."
        ),
        ("A wrong cuDNN gives the same `Failed to get convolution algorithm`."),
    ),
    settle=(
        "nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv; "
        "rerun with half the batch"
    ),
)
