"""
The server restarted the kernel; the reason went to its terminal or to the kernel log.

Only when nothing more precise is left.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="notebook_kernel_death",
    title="The notebook's kernel died, and nothing says why",
    meaning="The notebook server lost its kernel; its page shows no reason.",
    prior=-3.6,
    supports={
        "notebook_kernel_died": 6.5,
        "platform_notebook": 0.3,
    },
    contradicts={
        "exit_zero": 3.0,
        "host_alloc_failed": 1.0,
        "exit_sigsegv": 4.0,
        "exit_sigabrt": 4.0,
        "exit_sigill": 4.0,
        "exit_sigbus": 4.0,
        "exit_sigfpe": 4.0,
        "exit_sigkill": 3.5,
        "exit_nt_access_violation": 4.0,
        "exit_nt_stack_buffer_overrun": 4.0,
        "exit_nt_dll": 4.0,
    },
    remedies=(
        (
            "Look at the terminal of the notebook server, or run the notebook as a "
            "script (`jupyter nbconvert --to script`)."
        ),
    ),
    near_misses=("Memory: the usual reason, and the kernel log would show it.",),
    settle="sudo dmesg -T | tail -50; the terminal in which Jupyter runs",
)
