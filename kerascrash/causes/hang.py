"""
A deadlock, a wait for a worker that is gone, a device that does not answer: memory
and step counter flat, stacks in a wait.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="hang",
    title="It stood still until somebody ended it",
    meaning="Nothing moved any more; the end came from outside.",
    prior=-3.8,
    supports={
        "device_silent": 1.0,
        "stuck_stacks": 6.5,
        "hang_told": 6.5,
        "kernel_hung_task": 6.0,
        "service_watchdog": 7.5,
        "collective_timeout": 7.0,
        "fork_in_threads": 1.5,
        "nccl_failure": 1.0,
        "peer_lost": 1.0,
        "no_progress": 5.0,
        "lock_circle": 7.0,
        "flat_memory": 1.0,
        "processor_idle": 1.5,
        "interrupted_while_waiting": 3.5,
    },
    contradicts={
        "exit_zero": 3.0,
        "exit_sigsegv": 2.0,
        "exit_sigabrt": 1.0,
        "gpu_oom": 2.0,
        "exception_recorded": 3.0,
        "memory_rose_steeply": 2.0,
        "left_by_os_exit": 3.0,
    },
    remedies=(
        "While it stands still, `py-spy dump --pid PID` shows each wait.",
        "Use spawn instead of fork where threads run; close pools and queues.",
    ),
    near_misses=(
        "A first step that compiles for minutes.",
        "A slow shuffle buffer that fills up.",
    ),
    settle="py-spy dump --pid PID; cat /proc/PID/status /proc/PID/wchan",
)
