"""
The stack of a thread overflowed: the fault address lies next to the stack pointer.

Deep recursion after `sys.setrecursionlimit`, or a graph so deep that native code
recurses.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="stack_overflow",
    title="Stack overflow",
    meaning="Calls were nested deeper than the stack allows.",
    prior=-4.6,
    supports={
        "kernel_stack_overflow": 9.5,
        "core_stack_overflow": 9.5,
        "stack_overflow": 8.5,
        "exit_nt_stack_overflow": 8.5,
        "recursion_error": 3.6,
        "exit_sigsegv": 2.2,
        "recursion_limit_raised": 3.0,
    },
    contradicts={
        "core_signal_sent": 6.0,
        "exit_zero": 4.0,
    },
    remedies=(
        "Do not raise the recursion limit; turn the recursion into a loop.",
        ("`ulimit -s unlimited` or `threading.stack_size()` where depth is needed."),
    ),
    near_misses=(
        "RecursionError is Python stopping in time: an ordinary exception.",
        "Any other segmentation fault.",
    ),
    settle=("sudo dmesg -T | grep segfault  (address within 64 KiB of sp); ulimit -s"),
)
