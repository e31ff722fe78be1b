"""Factor ``tensor_ops``: one operation's result or temporaries too large."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="tensor_ops",
    title="one operation's result or temporaries too large",
    meaning=(
        "A single line computes something far larger than its inputs, often by "
        "broadcasting or by pairing everything with everything."
    ),
    prior=-1.0,
    supports={
        "one_line_blew_up": 6.0,
        "one_sample_too_large": 7.0,
        "allocation_refused": 3.0,
        "cuda_kernel_fault": 9.5,
        "xid_app": 9.0,
        "device_op_refused": 8.0,
        "pairwise_array_refused": 5.0,
        "broadcast_line": 4.0,
    },
    contradicts={
        "memory_was_not_short": 2.0,
        "neighbour_fills": 3.0,
        "weights_being_made": 3.0,
        "data_being_loaded": 3.0,
        "device_tensors_kept": 5.0,
        "device_step_refused": 2.0,
        "device_pool_fragmented": 4.0,
        "device_weights_refused": 4.0,
        "functions_retraced": 4.0,
        "pipeline_buffer_fills": 4.0,
    },
    remedies=(
        "Compute it in chunks and reduce each before the next.",
        "Check the shapes: `(n, 1) - (n,)` broadcasts to n × n.",
    ),
    near_misses=("A training step that is too large is a matter of the batch.",),
)
