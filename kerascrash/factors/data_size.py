"""Factor ``data_size``: data set held in memory whole."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="data_size",
    title="data set held in memory whole",
    meaning=(
        "The program loads its whole data set, or copies of it, into memory before or "
        "while it trains."
    ),
    prior=-1.0,
    supports={
        "data_held_whole": 6.0,
        "data_being_loaded": 5.0,
        "allocation_refused": 2.0,
        "whole_array_refused": 3.5,
        "pairwise_array_refused": 1.5,
    },
    contradicts={
        "memory_was_not_short": 6.0,
        "neighbour_fills": 3.0,
        "tensors_kept": 1.0,
        "functions_retraced": 2.0,
    },
    remedies=(
        (
            "Stream the data: `keras.utils.image_dataset_from_directory`, `tf.data`, "
            "or a `PyDataset` that reads one batch at a time."
        ),
        "Map the file instead of loading it: `np.load(path, mmap_mode='r')`.",
        "Free what is needed only once: `del` the raw copy after converting it.",
    ),
    near_misses=("A data set that is a small share of memory is not the reason.",),
)
