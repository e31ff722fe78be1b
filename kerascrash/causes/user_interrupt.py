"""
SIGINT or KeyboardInterrupt. What breaks while the interpreter then shuts down is a
consequence.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="user_interrupt",
    title="Interrupted with Ctrl-C",
    meaning="Somebody pressed Ctrl-C, or stopped the cell.",
    prior=-3.6,
    supports={
        "keyboard_interrupt": 7.5,
        "exit_sigint": 6.5,
        "exit_nt_control_c": 7.0,
        "exit_sigquit": 3.0,
        "raised_keyboard_interrupt": 7.5,
        "saw_sigint": 3.0,
    },
    contradicts={
        "exit_zero": 2.0,
        "host_alloc_failed": 2.0,
        "exit_sigkill": 2.0,
        "exception_recorded": 2.0,
        "stuck_stacks": 2.0,
        "interrupted_while_waiting": 3.5,
    },
    remedies=("Nothing is broken: resume from the last checkpoint.",),
    near_misses=(
        (
            "A `^C` in a hosted notebook that nobody typed: the service stopped "
            "the cell."
        ),
        "Ctrl-C after a hang: the hang is the cause.",
    ),
    settle="ask who sat at the terminal",
)
