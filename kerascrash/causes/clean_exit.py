"""
Status 0, and not in mid-run. Alarming lines before it were survived.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="clean_exit",
    title="It ended normally",
    meaning="The process finished and said that all went well.",
    prior=-3.6,
    supports={
        "exit_zero": 7.5,
        "finished": 1.0,
        "dump_finished": 6.0,
    },
    contradicts={
        # The status of a job that a scheduler ended may well be 0.
        "time_limit": 6.0,
        "preempted": 6.0,
        "job_cancelled": 4.0,
        "scheduler_oom_kill": 6.0,
        "node_lost": 4.0,
        "died_by_signal": 6.0,
        "left_by_itself": 4.0,
        "gpu_oom": 1.5,
        "host_alloc_failed": 1.5,
        "python_traceback": 1.0,
        "native_check": 2.0,
        "exception_recorded": 3.0,
        "record_stops_silently": 2.0,
        "left_by_sys_exit": 4.0,
        "left_by_os_exit": 4.0,
        "left_in_mid_run": 6.0,
    },
    near_misses=("A wrapper that hides the status of the training.",),
    settle="echo $? right after the training itself",
)
