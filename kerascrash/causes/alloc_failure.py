"""
malloc, mmap, NumPy or C++ asked for memory and was refused; the process then left by
itself.

Unlike an OOM kill the process saw it: `MemoryError`, `std::bad_alloc`, ENOMEM. A
limit (`ulimit -v`, overcommit, the Windows paging file) or one absurdly large array
does it.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="alloc_failure",
    title="An allocation of host memory failed",
    meaning=(
        "The system refused memory to the process, which ended with an error "
        "of its own."
    ),
    prior=-3.0,
    supports={
        "host_alloc_failed": 8.0,
        "exit_nt_no_memory": 7.0,
        "tensor_oom": 2.0,
        "resource_exhausted": 2.0,
        "address_space_limit": 3.0,
        "large_host_allocation": 1.5,
        "host_pool_exhausted": 9.0,
        "raised_memory_error": 8.0,
        "raised_host_exhausted": 7.0,
        "allocation_refused": 1.0,
        "allocation_unchecked": 11.0,
        "exit_sigabrt": 0.8,
    },
    contradicts={
        "exit_zero": 4.0,
        "gpu_oom": 1.0,
        "exit_sigkill": 1.0,
        "device_pool_exhausted": 5.0,
        "device_request_failed": 2.0,
    },
    remedies=(
        (
            "Ask for less at once: smaller arrays, float32 for float64, data read "
            "in pieces."
        ),
        (
            "Raise the limit: `ulimit -v`, the paging file of Windows, the memory "
            "of the container."
        ),
    ),
    near_misses=(
        ("The kernel's OOM killer gives the process no chance to say anything."),
        ("TensorFlow labels a MemoryError of a Python generator `Resource exhausted`."),
    ),
    settle="ulimit -a; free -m; cat /proc/sys/vm/overcommit_memory",
)
