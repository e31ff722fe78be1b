"""
Uncorrectable ECC, the card lost from the bus, PCI Express errors: Xid 48, 62, 64, 74,
79, 92, 94, 95 and the like.

An old Xid in the log is not this death: the time and the pid must fit.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="gpu_hardware_xid",
    title="The GPU hardware failed",
    meaning="The graphics card, its memory or its slot is failing.",
    prior=-4.5,
    supports={
        "gpu_hardware": 8.5,
        "xid_hardware": 8.5,
        "device_lost": 6.5,
        "device_ecc_errors": 3.0,
        "device_silent": 1.0,
        "pcie_errors": 3.0,
        "overheated": 1.0,
        "xid_other": 1.5,
    },
    contradicts={
        "exit_zero": 4.0,
    },
    remedies=(
        (
            "Take the card out of service and run the vendor's diagnostics (`dcgmi "
            "diag -r 3`)."
        ),
        "Check power, seating and cooling; move the job to another GPU.",
    ),
    near_misses=(
        "Xid 13 and 31 are mostly faults of software.",
        "A driver that lost the card after suspend.",
    ),
    settle=(
        "sudo dmesg -T | grep -i xid; nvidia-smi -q -d ECC,PAGE_RETIREMENT,ROW_REMAPPER"
    ),
)
