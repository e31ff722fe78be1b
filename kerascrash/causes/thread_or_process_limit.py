"""
pthread_create or fork returned EAGAIN: `ulimit -u`, the pids limit of the cgroup, or
threads that pile up.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="thread_or_process_limit",
    title="No further thread or process could be made",
    meaning="A limit on threads or processes was reached.",
    prior=-4.2,
    supports={
        "thread_limit": 9.0,
        "pids_limit_hit": 6.0,
        "raised_no_more_threads": 8.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "exit_sigkill": 1.5,
    },
    remedies=(
        ("Raise the limit: `ulimit -u`, `docker run --pids-limit`, `TasksMax=`."),
        (
            "Make fewer: workers, `inter_op_parallelism_threads`, executors that "
            "are never closed."
        ),
    ),
    near_misses=("EAGAIN from a non-blocking read or write.",),
    settle=(
        "ulimit -u; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.events; ps "
        "-eLf | wc -l"
    ),
)
