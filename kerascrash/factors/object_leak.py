"""Factor ``object_leak``: plain Python objects kept alive."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="object_leak",
    title="plain Python objects kept alive",
    meaning=(
        "A list, dict or queue of ordinary Python objects (dicts, strings, records) "
        "grows with every step and is never emptied."
    ),
    prior=-1.0,
    supports={
        "objects_kept": 7.0,
        "memory_rose_steadily": 1.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "neighbour_fills": 3.0,
        "tensors_kept": 1.0,
    },
    remedies=(
        "Write records to a file as they come, and keep only the last few in memory.",
        "Bound the collection: `collections.deque(maxlen=n)`, with n that fits.",
    ),
    near_misses=("A history of a few numbers per epoch is too small to matter.",),
)
