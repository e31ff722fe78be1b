"""
A reboot, a panic, a power cut or a lost node: nothing of the process remains but its
files.

The boot id changed, or the log of the next boot begins.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="machine_down",
    title="The machine went down",
    meaning="Not the process but the whole machine ended.",
    prior=-4.4,
    supports={
        "machine_rebooted": 7.0,
        "kernel_panic": 8.0,
        "node_lost": 7.5,
        "boot_id_changed": 9.0,
        "kernel_oops": 3.5,
        "overheated": 1.5,
        "disk_io_errors": 1.0,
    },
    contradicts={
        "exit_zero": 3.0,
        "exit_sigsegv": 2.0,
        "exit_sigabrt": 2.0,
        "machine_check": 2.0,
        "cgroup_oom_counter_rose": 4.0,
        "exception_recorded": 3.0,
        "dump_finished": 4.0,
    },
    remedies=(
        (
            "Look at power, cooling and the log of the boot before: `journalctl -b "
            "-1 -e`."
        ),
        "Save checkpoints on a disk that survives.",
    ),
    near_misses=(
        "A reboot long before or after the death.",
        "A virtual machine that was reclaimed: preemption.",
    ),
    settle="journalctl --list-boots; last -x | head; journalctl -b -1 -e",
)
