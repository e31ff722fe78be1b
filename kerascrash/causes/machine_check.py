"""
A machine check exception or an uncorrectable memory error.

Corrected errors alone are a warning.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="machine_check",
    title="The processor or the memory reported a hardware error",
    meaning=("Hardware of the machine is failing: processor, memory or their power."),
    prior=-5.0,
    supports={
        "machine_check": 10.0,
        "core_memory_error": 11.0,
        "corrected_hardware_errors": 1.5,
        "overheated": 0.8,
    },
    contradicts={
        "exit_zero": 3.0,
    },
    remedies=(
        ("Undo overclocking; test the memory; change the part that EDAC names."),
    ),
    near_misses=("Corrected errors (`CE`) in a machine that runs on.",),
    settle=(
        'sudo ras-mc-ctl --errors; sudo dmesg -T | grep -iE "mce|edac|hardware error"'
    ),
)
