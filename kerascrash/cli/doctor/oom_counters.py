"""Counters that prove an OOM kill, and whose limit it was, without any log."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.probes.oom_counters import read_oom_counters

_BOOT = (
    "sudo grubby --update-kernel=ALL --args=systemd.unified_cgroup_hierarchy=1   "
    "(Debian: in /etc/default/grub, then update-grub; reboot)"
)


def _examine() -> Result | None:
    if not os.path.exists("/proc/vmstat"):
        return None
    seen = read_oom_counters(os.getpid())
    levels = [row for row in seen["cgroups"] if "oom_kill" in row["counters"]]
    whole = seen["vmstat_oom_kill"] is not None
    data = {"levels": [row["path"] for row in levels], "machine": whole}
    if any(row["version"] == 2 for row in levels):
        return Result("ok", "memory.events tells whose limit was hit", data=data)
    if levels:
        return Result(
            "weaker",
            "version 1 counts kills, but not whose limit was hit",
            "The limit is inferred from the usage just before the kill.",
            _BOOT,
            data,
        )
    where = "the machine's counter alone" if whole else "no counter of OOM kills"
    return Result(
        "weaker" if whole else "missing",
        f"{where} can be read",
        "An OOM kill is seen, but not whether a container's limit or the machine's "
        "memory was the reason.",
        "docker run --cgroupns=private   (or a systemd scope: systemd-run --scope)",
        data,
    )


CHECK = Check("oom_counters", "OOM counters", "memory", _examine)
