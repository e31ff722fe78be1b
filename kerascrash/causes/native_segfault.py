"""
An invalid memory access in a native library.

The library in the kernel's line, in the core file or on top of faulthandler's stack is
the best clue. When the fault is near the stack pointer it is a stack overflow; inside
`*_pb2.py` during import it is a conflict of protobuf versions.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="native_segfault",
    title="Segmentation fault in native code",
    meaning="Code in a native library touched memory that is not its own.",
    prior=-3.2,
    supports={
        "exit_sigsegv": 5.0,
        "kernel_segfault": 5.5,
        "core_segfault": 5.5,
        "faulthandler_segv": 5.5,
        "macos_bad_access": 6.5,
        "native_trace_segv": 5.0,
        "exit_nt_access_violation": 6.0,
        "worker_segfault": 4.5,
        "record_stops_silently": 1.5,
        "macos_bus_error": 6.0,
    },
    contradicts={
        "allocation_unchecked": 4.0,
        "refusal_unchecked": 4.0,
        "exit_zero": 4.0,
        "stack_overflow": 4.0,
        "kernel_stack_overflow": 6.0,
        "core_stack_overflow": 6.0,
        "core_signal_sent": 6.0,
        "left_by_itself": 1.0,
        "protobuf_conflict": 3.0,
        "exit_sigkill": 2.5,
    },
    remedies=(
        (
            "Look at the library the kernel names: reinstall or change the version "
            "of that package."
        ),
        "Run with `python -X faulthandler` to see the Python line.",
        "Check that no two packages bring the same native library.",
    ),
    near_misses=(
        ("A C stack overflow: the fault address lies next to the stack pointer."),
        "A failed import with mixed protobuf, NumPy or CUDA builds.",
    ),
    settle=("sudo dmesg -T | grep -i segfault; python -X faulthandler train.py"),
)
