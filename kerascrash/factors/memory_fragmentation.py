"""Factor ``memory_fragmentation``: memory fragmented or kept by the allocator."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="memory_fragmentation",
    title="memory fragmented or kept by the allocator",
    meaning=(
        "Much memory is held by the allocator without belonging to any living object, "
        "or no free piece is large enough."
    ),
    prior=-1.5,
    supports={
        "growth_unexplained": 2.0,
        "memory_rose_steadily": 1.0,
        "device_pool_fragmented": 9.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "tensors_kept": 3.0,
        "objects_kept": 3.0,
        "pipeline_running": 1.0,
        "rise_in_first_steps": 2.0,
        "neighbour_fills": 3.0,
        "device_pool_not_fragmented": 5.0,
        "device_tensors_kept": 3.0,
        "functions_retraced": 4.0,
        "pipeline_buffer_fills": 4.0,
    },
    remedies=(
        "Keep shapes the same from step to step (pad to few sizes).",
        (
            "Try another allocator: `LD_PRELOAD=libjemalloc.so.2`, or "
            "`MALLOC_ARENA_MAX=2`."
        ),
    ),
    near_misses=("Objects that are still referenced are a leak, not fragmentation.",),
)
