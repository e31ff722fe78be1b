"""Factor ``tensor_leak``: tensors or arrays kept alive by Python."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="tensor_leak",
    title="tensors or arrays kept alive by Python",
    meaning=(
        "A list, dict or attribute of the program keeps a reference to every tensor "
        "or array it is given, so none of them is ever freed."
    ),
    prior=-1.0,
    supports={
        "tensors_kept": 7.0,
        "arrays_kept": 6.0,
        "memory_rose_steadily": 1.0,
        "device_tensors_kept": 9.0,
        "device_equals_kept": 5.0,
        "device_steps_fitted": 1.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "neighbour_fills": 3.0,
        "weights_being_made": 2.0,
        "gradients_kept": 1.0,
        "device_step_fills": 3.0,
        "device_pool_fragmented": 2.0,
        "device_step_of_equals": 1.0,
    },
    remedies=(
        "Keep a number instead of the tensor or array: `history.append(float(loss))`.",
        (
            "What must be kept: make it smaller first "
            "(`np.asarray(x, 'float16')`), or write it to disk (`np.save`)."
        ),
        "Bound the collection: `collections.deque(maxlen=n)`, with n that fits.",
    ),
    near_misses=(
        "A data set loaded into a list before the first step is data, not a leak.",
        "A cache that fills up once and then stays.",
    ),
)
