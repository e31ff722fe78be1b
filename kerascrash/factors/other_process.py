"""Factor ``other_process``: another process took the memory."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="other_process",
    title="another process took the memory",
    meaning=(
        "Another process in the same container or on the same machine had taken most "
        "of the memory; this one was only the victim."
    ),
    prior=-1.0,
    supports={
        "neighbour_fills": 8.0,
        "flat_memory": 0.5,
        "gpu_held_by_other": 6.5,
        "kernel_oom_other": 2.0,
        "oom_kill_told": 1.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "own_memory_fills": 5.0,
        "device_own_fills": 4.0,
    },
    remedies=(
        "Give the training a container of its own.",
        (
            "Start the training when the machine is free, or ask the scheduler for "
            "the memory it needs."
        ),
    ),
    near_misses=(
        "Page cache counts as used and is given back before anything is killed.",
        "Data loader workers are one's own children, not neighbours.",
    ),
)
