"""Factor ``dtype``: elements wider than needed."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="dtype",
    title="elements wider than needed",
    meaning=(
        "Data or weights are stored with 8 bytes per element (NumPy's default "
        "float64) where 4, 2 or 1 would do."
    ),
    prior=-1.5,
    supports={
        "wide_dtype_held": 4.5,
        "data_widened": 5.5,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "neighbour_fills": 3.0,
    },
    remedies=(
        (
            "Make it float32, or keep images as uint8 and scale them in the model: "
            "`keras.layers.Rescaling(1 / 255)`."
        ),
        "Name the dtype when the array is made: `np.empty(shape, dtype='float32')`.",
    ),
    near_misses=("A few small float64 arrays (labels, statistics) do not matter.",),
)
