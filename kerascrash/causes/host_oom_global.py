"""
The kernel's OOM killer acted for the whole machine (`constraint=CONSTRAINT_NONE`).

Proof is the kernel line with the process in it. A SIGKILL alone is a guess; a
cgroup's `oom_kill` counter does not tell, since it rises for a global OOM too.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="host_oom_global",
    title="Killed by the kernel: the whole machine ran out of memory",
    meaning=(
        "No memory and no swap were left on the machine, so the kernel killed "
        "the process that used most of it."
    ),
    prior=-3.0,
    supports={
        "kernel_oom_global": 8.0,
        "kernel_oom_unclear": 6.0,
        "oom_kill_told": 7.0,
        "ram_used_up": 7.0,
        "exit_sigkill": 3.6,
        "worker_killed": 3.8,
        "large_host_allocation": 1.2,
        "platform_bare": 0.4,
        "host_memory_exhausted": 3.0,
        "vmstat_oom_kill_rose": 3.0,
        "swap_thrash": 1.0,
        "oom_kill_without_limit": 6.0,
        "record_stops_silently": 1.0,
        "memory_rose_steeply": 0.5,
    },
    contradicts={
        "kernel_oom_cgroup": 5.0,
        "container_oom_killed": 4.0,
        "pod_oom_killed": 4.0,
        "scheduler_oom_kill": 2.5,
        "kernel_log_without_oom": 3.5,
        "exit_zero": 5.0,
        "exit_sigsegv": 3.0,
        "exit_sigabrt": 2.5,
        "exit_sigterm": 2.5,
        "worker_left": 4.0,
        "left_by_itself": 1.0,
        "platform_container": 1.3,
        "platform_scheduler": 1.5,  # a job has a limit of its own, mostly a smaller one
        "exit_sigint": 3.0,
        "cgroup_limit_hit": 4.0,
        "machine_rebooted": 1.0,
        "no_oom_counter_change": 5.0,
        "host_room_left": 3.0,
        "cgroup_oom_counter_rose": 5.0,
        "ancestor_oom_counter_rose": 5.0,
        "exception_recorded": 2.5,
        "dump_finished": 5.0,
        "left_by_os_exit": 3.0,
        "cgroup_near_limit": 1.5,
        "oom_kill_of_another": 5.0,
    },
    remedies=(
        (
            "Use less memory at once: a smaller batch, data streamed from disk, no "
            "tensors kept in lists."
        ),
        "Add swap for peaks, or run on a machine with more memory.",
        "See what else is running: `ps aux --sort=-rss | head`.",
    ),
    near_misses=(
        (
            "A container or job limit was reached: the same `Killed`, the kernel "
            "line says `Memory cgroup out of memory`."
        ),
        "earlyoom or systemd-oomd acted first: no kernel line at all.",
        "Somebody ran `kill -9`.",
    ),
    settle=(
        'sudo dmesg -T | grep -iE "out of memory|oom-kill" '
        "(constraint=CONSTRAINT_NONE means the whole machine)"
    ),
)
