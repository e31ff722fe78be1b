"""
The evidence does not decide. The report lists what is missing and how to get it.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="unknown",
    title="Cannot tell from what is left",
    meaning="What was left behind does not say how it died.",
    prior=0.0,
    supports={
        "peer_lost": 4.0,
        "no_fatal_message": 0.3,
        "exit_code_minus_1": 2.0,
        "worker_channel_broke": 1.0,
    },
    contradicts={
        "exit_sigkill": 1.0,
        "exit_zero": 2.0,
        "cgroup_oom_counter_rose": 1.0,
        "exception_recorded": 1.0,
        "exit_witnessed": 2.5,
        "left_by_itself": 1.0,
    },
    remedies=(
        ("Run it again with `kerascrash run train.py`: then the end is on record."),
        "Keep standard error: `python train.py 2> train.err`.",
    ),
    near_misses=(
        "A bare `Killed` is judged, with its rivals: memory is the usual reason.",
    ),
    settle=(
        "sudo dmesg -T | tail -200 right after the death; the exit status (`echo $?`)"
    ),
)
