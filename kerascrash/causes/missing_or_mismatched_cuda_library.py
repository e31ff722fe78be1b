"""
cuDNN, cuBLAS, libdevice, ptxas or the kernels in the build do not fit the card, the
driver or each other.

The line `Could not load dynamic library` at the start is only a warning: TensorFlow
then goes on without the GPU.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="missing_or_mismatched_cuda_library",
    title="A CUDA library is missing or of the wrong version",
    meaning=(
        "The GPU libraries found on this machine are not those the framework "
        "was built for."
    ),
    prior=-3.4,
    supports={
        "cuda_library_mismatch": 8.5,
        "cuda_library_missing": 8.5,
        "cuda_library_not_found_at_start": 2.0,
        "gpu_oom_disguised": 2.6,
        "gpu_library_call_failed": 4.4,
        "device_memory_free": 3.0,
        "exit_nt_stack_buffer_overrun": 2.8,
        "windows_dll_missing": 2.0,
        "native_check": 0.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "gpu_oom": 1.0,
        "gpu_held_by_other": 1.5,
        "device_memory_full": 4.0,
        "exit_sigkill": 2.0,
    },
    remedies=(
        (
            "Install the matching set: `pip install tensorflow[and-cuda]`, in a "
            "fresh environment."
        ),
        "Unset LD_LIBRARY_PATH if it points to another CUDA.",
        ("Compare with the tested configurations of your framework's version."),
    ),
    near_misses=(
        "A GPU without free memory: cuDNN cannot make its handle either.",
        "No GPU found at all: slow, but no crash.",
    ),
    settle=(
        'python -c "import tensorflow as tf; '
        'print(tf.sysconfig.get_build_info())"; nvidia-smi'
    ),
)
