"""
SIGFPE: an integer division by zero or an overflow trapped in native code.

Floating-point numbers do not raise it: a NaN loss never ends like this.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="fpe",
    title="Arithmetic fault (division by zero) in native code",
    meaning=("Native code divided an integer by zero, mostly because a size was 0."),
    prior=-4.5,
    supports={
        "exit_sigfpe": 7.5,
        "kernel_divide_error": 8.0,
        "core_divide_error": 7.5,
        "exit_nt_divide": 7.5,
    },
    contradicts={
        "core_signal_sent": 6.0,
        "exit_zero": 4.0,
    },
    remedies=(
        "Look for an empty batch, a dimension of 0 or an empty dataset.",
        "Upgrade the library that the kernel's line names.",
    ),
    near_misses=("A NaN or inf in the loss is no SIGFPE.",),
    settle=('sudo dmesg -T | grep -i "divide error"; python -X faulthandler train.py'),
)
