"""Factor ``input_pipeline``: input pipeline buffers too much."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="input_pipeline",
    title="input pipeline buffers too much",
    meaning=(
        "Buffers of the input pipeline (shuffle, cache, prefetch, worker queues) hold "
        "more than memory has room for."
    ),
    prior=-1.5,
    supports={
        "pipeline_buffer_fills": 7.0,
        "pipeline_running": 3.0,
        "shm_small": 1.0,
        "shm_full": 3.0,
        "pipeline_frames": 3.5,
        "waits_for_data": 3.0,
        "worker_killed": 3.0,
        "fd_limit": 9.5,
        "thread_limit": 8.5,
        "stuck_stacks": 10.5,
    },
    contradicts={
        "memory_was_not_short": 2.0,
        "tensors_kept": 3.0,
        "activations_dominate": 1.0,
        "neighbour_fills": 3.0,
        "functions_retraced": 3.0,
        "opened_by_script": 11.0,
        "worker_lost": 5.0,
        "channel_broke_told": 3.0,
    },
    remedies=(
        "Make the buffer of `shuffle` smaller, and shuffle before anything is decoded.",
        "Cache to a file: `dataset.cache(path)`, not in memory.",
    ),
    near_misses=("A data set loaded whole before the pipeline is data, not a buffer.",),
)
