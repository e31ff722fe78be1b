"""Factor ``model_size``: model too large."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="model_size",
    title="model too large",
    meaning=(
        "Weights, their gradients and the optimizer's slots alone take most of the "
        "memory, whatever the batch."
    ),
    prior=-1.0,
    supports={
        "weights_dominate": 6.0,
        "weights_being_made": 5.0,
        "matrix_refused": 2.5,
        "gpu_pool_dump": 1.5,
        "stack_overflow": 8.0,
        "kernel_stack_overflow": 8.0,
        "core_stack_overflow": 8.0,
        "device_weights_refused": 7.0,
        "step_parameters_dominate": 6.0,
    },
    contradicts={
        "memory_was_not_short": 2.0,
        "tensors_kept": 3.0,
        "arrays_kept": 3.0,
        "objects_kept": 3.0,
        "neighbour_fills": 3.0,
        "device_tensors_kept": 5.0,
        "device_op_refused": 4.0,
        "device_step_refused": 2.0,
        "device_pool_fragmented": 4.0,
        "step_buffers_dominate": 3.0,
        "device_equals_kept": 3.0,
        "models_pile_up": 2.5,
        "functions_retraced": 3.0,
        "pipeline_buffer_fills": 2.0,
    },
    remedies=(
        "Shrink the layers that hold most parameters.",
        (
            "Use an optimizer with fewer slots (SGD none, Lion one, Adam two) or "
            "half-precision weights."
        ),
        (
            "Train only part of the model: `layer.trainable = False` saves gradients "
            "and slots."
        ),
    ),
    near_misses=("A small model with a large batch needs activations, not weights.",),
)
