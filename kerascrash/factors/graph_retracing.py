"""Factor ``graph_retracing``: models or traced functions piling up."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="graph_retracing",
    title="models or traced functions piling up",
    meaning=(
        "`tf.function` traces a new graph for every new Python value or shape, or a "
        "model is built in a loop; the old ones stay."
    ),
    prior=-1.5,
    supports={
        "functions_retraced": 7.0,
        "retracing_warning": 2.0,
        "functions_made_anew": 1.5,
        "models_pile_up": 5.0,
        "memory_rose_steadily": 0.5,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "tensors_kept": 2.0,
        "objects_kept": 2.0,
        "neighbour_fills": 3.0,
    },
    remedies=(
        (
            "Pass tensors instead of Python numbers, and fix the signature: "
            "`@tf.function(reduce_retracing=True)`."
        ),
        "Call `keras.backend.clear_session()` before building the next model.",
    ),
    near_misses=("The first two or three traces of a function are normal.",),
)
