"""
SIGKILL without an OOM: `kill -9`, a liveness probe, a supervisor after its grace
period. Another fatal signal where a core file tells that a process sent it.

Only likely where the kernel's log is there and silent.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="external_kill",
    title="Killed from outside",
    meaning=("A person or a supervisor killed the process; memory was not the reason."),
    prior=-4.2,
    supports={
        "exit_sigkill": 2.6,
        "kernel_log_without_oom": 3.4,
        "killed_by_supervisor": 8.0,
        "container_not_oom_killed": 3.0,
        "no_oom_counter_change": 3.0,
        "cgroup_room_left": 2.0,
        "host_room_left": 1.0,
        "record_stops_silently": 1.0,
        "flat_memory": 1.0,
        "oom_kill_of_another": 2.0,
        "worker_killed_outside": 9.0,
        "worker_channel_broke": 5.0,
        "core_signal_sent": 15.0,
    },
    contradicts={
        # Another signal is known to have ended it.
        "exit_sigsegv": 7.0,
        "exit_sigabrt": 7.0,
        "exit_sigbus": 7.0,
        "exit_sigfpe": 7.0,
        "exit_sigill": 7.0,
        "exit_sigterm": 7.0,
        "exit_sighup": 7.0,
        "exit_sigint": 7.0,
        "exit_sigtrap": 7.0,
        "kernel_oom_global": 5.0,
        "kernel_oom_cgroup": 5.0,
        "oom_kill_told": 4.0,
        "oom_daemon_kill": 4.0,
        "ram_used_up": 4.0,
        "exit_zero": 4.0,
        "left_by_itself": 2.0,
        "scheduler_oom_kill": 3.0,
        "cgroup_oom_counter_rose": 5.0,
        "ancestor_oom_counter_rose": 5.0,
        "oom_kill_without_limit": 5.0,
        "vmstat_oom_kill_rose": 2.5,
        "cgroup_near_limit": 3.0,
        "cgroup_limit_in_reach": 2.5,
        "host_memory_exhausted": 2.5,
        "memory_rose_steeply": 0.8,
        "exception_recorded": 2.0,
        "dump_finished": 2.0,
        "oom_daemon_had_reason": 3.0,
    },
    remedies=(
        (
            "Ask who has rights on the machine; look at the supervisor's log and "
            "its time-outs."
        ),
    ),
    near_misses=("An OOM kill whose kernel line was lost or cannot be read.",),
    settle='sudo ausearch -sc kill -ts recent; journalctl --since "-1 h"',
)
