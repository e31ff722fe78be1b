"""Factor ``child_process``: the program's own child processes."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="child_process",
    title="the program's own child processes",
    meaning=(
        "Worker processes started by the program hold most of the memory, or one of "
        "them died."
    ),
    prior=-1.0,
    supports={
        "children_hold_memory": 6.0,
        "child_died": 2.0,
        "worker_lost": 9.0,
        "worker_killed": 1.5,
        "worker_killed_for_memory": 13.0,
        "reported_worker_killed": 12.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "neighbour_fills": 1.0,
    },
    remedies=(
        "Use fewer workers, and hand them file names instead of arrays.",
        (
            "Start them with `spawn` or `forkserver` before the data are loaded, so "
            "that they inherit less."
        ),
    ),
    near_misses=(
        (
            "Memory shared with the parent is counted once for each child in the "
            "resident size."
        ),
    ),
)
