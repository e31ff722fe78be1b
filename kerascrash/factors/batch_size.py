"""Factor ``batch_size``: batch too large."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="batch_size",
    title="batch too large",
    meaning=(
        "One training step needs more memory for the outputs of all layers than there "
        "is: it grows in proportion to the batch."
    ),
    prior=-1.0,
    supports={
        "activations_dominate": 6.0,
        "rise_in_first_steps": 2.0,
        "activation_refused": 4.0,
        "oom_tensor_shape": 1.0,
        "gpu_oom": 1.0,
        "device_step_refused": 5.0,
        "device_step_fills": 6.0,
        "device_step_of_equals": 2.0,
        "step_buffers_dominate": 5.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "tensors_kept": 4.0,
        "arrays_kept": 4.0,
        "objects_kept": 4.0,
        "steps_fitted": 4.0,
        "neighbour_fills": 3.0,
        "weights_being_made": 3.0,
        "device_tensors_kept": 7.0,
        "device_op_refused": 3.0,
        "device_pool_fragmented": 5.0,
        "device_equals_kept": 3.0,
        "device_steps_fitted": 2.5,
        "device_weights_refused": 4.0,
        "step_parameters_dominate": 3.0,
        "pairwise_array_refused": 2.0,
        "functions_retraced": 3.0,
        "pipeline_buffer_fills": 6.0,
        "one_sample_too_large": 4.0,
    },
    remedies=(
        "Make the batch smaller; halve it until it fits.",
        (
            "Keep the effective batch with gradient accumulation: "
            "`optimizer=keras.optimizers.Adam(gradient_accumulation_steps=4)`."
        ),
        (
            "Compute in half precision: "
            "`keras.mixed_precision.set_global_policy('mixed_bfloat16')`."
        ),
    ),
    near_misses=(
        (
            "Memory that goes on rising after the first steps is a leak: a smaller "
            "batch only delays it."
        ),
    ),
)
