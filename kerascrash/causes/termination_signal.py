"""
SIGTERM or SIGHUP: a scheduler's time limit, a spot machine reclaimed, `docker stop`,
a closed terminal.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="termination_signal",
    title="Asked to stop: time limit, preemption, closed session",
    meaning=(
        "Somebody or something asked the process to end; it did nothing wrong "
        "by itself."
    ),
    prior=-3.2,
    supports={
        "time_limit": 8.5,
        "preempted": 8.5,
        "job_cancelled": 7.0,
        "exit_sigterm": 5.5,
        "worker_terminated": 3.6,
        "exit_sighup": 6.0,
        "exit_sigxcpu": 7.0,
        "exit_code_124": 5.0,
        "notebook_disconnected": 6.0,
        "exit_signal_other": 1.0,
        "saw_sigterm": 4.0,
        "saw_sighup": 4.0,
        "saw_sigxcpu": 4.0,
    },
    contradicts={
        "exit_zero": 2.0,
        "oom_daemon_kill": 4.0,
        "scheduler_oom_kill": 4.0,
        "pod_oom_killed": 3.0,
        "kernel_oom_global": 3.0,
        "kernel_oom_cgroup": 3.0,
        "cgroup_oom_counter_rose": 2.0,
        "exception_recorded": 1.0,
        "oom_daemon_had_reason": 3.0,
    },
    remedies=(
        "Ask for more time, or save checkpoints often and resume.",
        (
            "Start it under `nohup`, `tmux` or as a batch job if a closed terminal "
            "ended it."
        ),
    ),
    near_misses=("earlyoom and systemd-oomd send SIGTERM too.",),
    settle=(
        'sacct -j JOB --format=State,Elapsed,Timelimit; journalctl --since "-1 '
        'h" | grep -i sigterm'
    ),
)
