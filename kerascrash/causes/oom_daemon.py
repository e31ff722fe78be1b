"""
A daemon in user space sent the signal because memory was low, before the kernel had
to.

It leaves no kernel line. Proof is the daemon's own log; its log alone is not, where
the kernel's OOM line names the same process.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="oom_daemon",
    title="Killed by a low-memory daemon (earlyoom, systemd-oomd, nohang)",
    meaning=(
        "A daemon that watches memory ended the process to keep the machine usable."
    ),
    prior=-5.0,
    supports={
        "oom_daemon_kill": 9.0,
        "oom_daemon_low_memory": 3.0,
        "exit_sigterm": 1.2,
        "exit_sigkill": 1.6,
        "oom_daemon_running": 1.5,
        "host_memory_exhausted": 1.0,
        "oom_daemon_had_reason": 6.0,
    },
    contradicts={
        "kernel_oom_global": 5.0,
        "kernel_oom_cgroup": 5.0,
        "exit_zero": 4.0,
        "left_by_itself": 1.0,
        "exit_sigsegv": 3.0,
        "exit_sigabrt": 3.0,
        "host_room_left": 2.0,
        "exception_recorded": 2.0,
    },
    remedies=(
        "Use less memory at once.",
        (
            "Exempt the job (`earlyoom --avoid`, `ManagedOOMPreference=avoid`) or "
            "lower the threshold."
        ),
    ),
    near_misses=(
        (
            "`A process of this unit has been killed by the OOM killer` is the "
            "kernel's kill, reported by systemd."
        ),
        "Someone stopped the job with SIGTERM.",
    ),
    settle='journalctl -u earlyoom -u systemd-oomd --since "-1 h"',
)
