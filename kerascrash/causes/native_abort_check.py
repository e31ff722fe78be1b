"""
abort() was called on purpose: a CHECK, an assertion, glibc's heap checks,
std::terminate.

Look one line up first: the CHECK is often the consequence of an allocation that
failed, a version that does not match, or a limit.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="native_abort_check",
    title="Native code aborted: a check failed or the heap was corrupt",
    meaning=(
        "Native code found itself in a state it cannot go on from, and stopped "
        "the process."
    ),
    prior=-3.2,
    supports={
        "native_check": 6.5,
        "heap_corruption": 7.0,
        "native_assert": 7.0,
        "python_fatal": 6.0,
        "cxx_terminate": 4.5,
        "exit_sigabrt": 3.8,
        "worker_aborted": 1.5,
        "record_stops_silently": 1.2,
        "core_abort": 1.0,
        "exit_nt_abort": 4.0,
        "exit_nt_heap_corruption": 6.5,
        "exit_sigtrap": 4.5,
    },
    contradicts={
        "peer_lost": 4.0,
        "service_watchdog": 3.0,
        "core_signal_sent": 6.0,
        "exit_zero": 4.0,
        "gpu_oom": 2.0,
        "host_alloc_failed": 2.0,
        "openmp_duplicate": 4.0,
        "protobuf_conflict": 3.0,
        "thread_limit": 3.0,
        "keyboard_interrupt": 1.0,
        "gpu_hardware": 2.5,
        "gpu_driver_fault": 1.5,
        "cuda_kernel_fault": 2.0,
        "cuda_library_mismatch": 2.0,
        "cpu_feature_missing": 4.0,
        "exit_sigkill": 2.0,
        "machine_check": 2.0,
    },
    remedies=(
        "Read the message of the check and the lines above it.",
        "Upgrade, or pin the version that worked before.",
    ),
    near_misses=(
        ("`terminate called after throwing an instance of std::bad_alloc` is memory."),
        "`Check failed: ret == 0 (11 vs. 0)` is the limit of threads.",
        "OMP: Error #15 aborts too.",
    ),
    settle="rerun with TF_CPP_MIN_LOG_LEVEL=0 and read the first E or F line",
)
