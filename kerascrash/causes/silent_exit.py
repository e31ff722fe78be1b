"""
No signal, no traceback, no message: os._exit, a library that calls exit(), a launcher.
The status is seldom 0, but then the training was cut short all the same.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="silent_exit",
    title="It left by itself and said nothing",
    meaning=(
        "The process ended itself, in mid-run or with an error status, and left no "
        "word why."
    ),
    prior=-4.4,
    supports={
        "exit_code_other": 3.4,
        "exit_code_1": 2.4,
        "exit_code_2": 1.5,
        "left_by_itself": 1.0,
        "no_fatal_message": 2.0,
        "script_left": 4.5,
        "worker_left": 4.5,
        "exit_code_127": 2.0,
        "exit_code_126": 2.0,
        "exit_code_124": 1.5,
        "exit_nt_other": 2.0,
        "left_by_os_exit": 6.5,
        "left_in_mid_run": 6.0,
        "left_by_sys_exit": 5.5,
        "left_without_traceback": 5.0,
    },
    contradicts={
        "python_traceback": 3.0,
        "python_exception": 3.0,
        "died_by_signal": 3.0,
        "exit_zero": 3.0,
        "exception_recorded": 4.0,
        "dump_finished": 1.0,
        "saw_sigterm": 2.0,
    },
    remedies=(
        (
            "Run it with `python -X faulthandler -u train.py 2> train.err` and "
            "look again."
        ),
    ),
    near_misses=("Output that was buffered and lost: a crash looks silent.",),
    settle="strace -f -e trace=exit_group,kill python train.py",
)
