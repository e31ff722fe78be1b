"""Factor ``hardware``: the machine or its limit is too small."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="hardware",
    title="the machine or its limit is too small",
    meaning=(
        "What the libraries need by themselves leaves no room for any training under "
        "this limit."
    ),
    prior=-1.5,
    supports={
        "limit_small_for_runtime": 5.0,
        "gpu_hardware": 9.0,
        "xid_hardware": 9.0,
        "device_lost": 7.0,
        "device_ecc_errors": 3.0,
        "machine_check": 9.0,
        "core_memory_error": 9.0,
        "kernel_panic": 6.5,
        "overheated": 3.0,
        "pcie_errors": 3.0,
        "disk_io_errors": 2.0,
        "machine_rebooted": 6.5,
    },
    contradicts={
        "tensors_kept": 3.0,
        "data_held_whole": 2.0,
        "activations_dominate": 1.5,
        "weights_dominate": 1.5,
        "neighbour_fills": 3.0,
        "functions_retraced": 4.0,
        "pipeline_buffer_fills": 4.0,
    },
    remedies=("Raise the limit: TensorFlow alone takes about half a gigabyte.",),
    near_misses=(
        "If the program grew far beyond its libraries, the limit is not the reason.",
    ),
)
