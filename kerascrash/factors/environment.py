"""Factor ``environment``: libraries or settings that do not fit together."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="environment",
    title="libraries or settings that do not fit together",
    meaning=(
        "Versions, settings or limits of the surroundings are the reason, not what "
        "the program computes."
    ),
    prior=-1.5,
    supports={
        "raised_import_error": 5.0,
        "address_space_limit": 3.0,
        "cuda_library_mismatch": 9.0,
        "cuda_library_missing": 9.0,
        "protobuf_conflict": 9.0,
        "abi_conflict": 9.0,
        "package_conflict": 8.0,
        "openmp_duplicate": 9.0,
        "windows_dll_missing": 9.0,
        "exit_nt_stack_buffer_overrun": 8.0,
        "exit_nt_dll": 9.0,
        "exit_nt_access_violation": 7.5,
        "cpu_feature_missing": 9.0,
        "wrong_architecture": 8.0,
        "shared_library_missing": 8.0,
        "exit_sigill": 8.0,
        "kernel_invalid_opcode": 8.0,
        "exit_sigsegv": 7.5,
        "kernel_segfault": 7.0,
        "core_segfault": 7.0,
        "core_illegal_instruction": 8.0,
        "faulthandler_segv": 7.0,
        "macos_bad_access": 7.5,
        "native_trace_segv": 7.0,
        "exit_sigfpe": 7.5,
        "native_check": 8.0,
        "native_assert": 7.5,
        "heap_corruption": 7.5,
        "gpu_driver_fault": 8.0,
        "gpu_driver_reset": 8.0,
        "gpu_driver_oops": 8.0,
        "cuda_messenger": 4.0,
        "shm_too_small": 8.0,
        "gpu_library_without_room": 6.0,
        "api_mismatch": 8.0,
        "file_locked": 7.5,
        "exit_sigbus": 7.5,
        "thread_limit": 8.2,
        "disk_full": 8.0,
        "time_limit": 7.5,
        "preempted": 7.5,
        "oom_daemon_kill": 3.0,
    },
    contradicts={
        "core_signal_sent": 16.0,
        # What fails for versions or drivers fails at the first step: see the armed
        # samples, where a segfault in mid-training has no factor.
        "training_had_run": 16.0,
        "refusal_unchecked": 16.0,
        "memory_was_short": 1.5,
        "python_traceback": 1.0,
        "functions_retraced": 2.0,
    },
    remedies=(
        "If versions are to blame, install matching ones into a fresh environment.",
        "Look at `ulimit -a` and the job's limits.",
    ),
    near_misses=(
        "A warning about versions at start-up that the run survived is not the reason.",
    ),
)
