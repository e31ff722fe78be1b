"""
An ordinary exception that nobody caught: status 1 and a traceback.

Only when no more precise cause is told: MemoryError, ResourceExhaustedError and
errors of imports have their own.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="python_exception",
    title="A Python exception ended the script",
    meaning=(
        "The script failed with an error in Python; the traceback's last line "
        "says which."
    ),
    prior=-3.0,
    supports={
        "python_exception": 5.0,
        "python_traceback": 1.2,
        "op_error": 4.5,
        "op_raised": 4.4,
        "file_locked": 6.5,
        "api_mismatch": 3.6,
        "recursion_error": 4.5,
        "exit_code_1": 1.6,
        "thread_exception": 0.4,
        "exception_recorded": 5.0,
        "exit_code_2": 1.2,
        "resource_exhausted": 0.6,
        "shared_library_missing": 3.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "died_by_signal": 2.5,
        "exit_sigkill": 1.5,
        "raised_keyboard_interrupt": 6.0,
        "raised_memory_error": 4.0,
        "raised_host_exhausted": 4.0,
        "raised_device_exhausted": 4.0,
        "raised_no_space": 4.0,
        "raised_too_many_files": 4.0,
        "raised_no_more_threads": 4.0,
        "worker_lost": 8.0,
        "worker_channel_broke": 8.0,
        "left_by_os_exit": 2.0,
        "device_pool_exhausted": 4.0,
    },
    remedies=(
        ("Read the last line of the traceback and the last frame in your own code."),
    ),
    near_misses=(
        "An exception in a worker while the main process was killed.",
        "An exception that the script caught and printed.",
    ),
    settle="python -m pdb -c continue train.py",
)
