"""Whether an OOM kill takes the whole control group, the watcher included."""

from __future__ import annotations

import os

from kerascrash.cli.doctor._check import Check, Result, read_text
from kerascrash.probes.cgroups import find_hierarchy


def _examine() -> Result | None:
    hierarchy = find_hierarchy(os.getpid(), 2)
    if hierarchy is None:
        return None
    found = [
        hierarchy.name_of(folder)
        for folder in hierarchy.folders()
        if read_text(f"{folder}/memory.oom.group") == "1"
    ]
    if not found:
        return Result("ok", "an OOM kill leaves the watcher alive")
    return Result(
        "weaker",
        f"memory.oom.group is 1 for {', '.join(found)}",
        "An OOM kill ends the watcher too (the rule in Kubernetes): the dump alone "
        "carries the case, judged at the next start.",
        "export KERASCRASH_DIR=/a/volume/that/outlives/the/container",
        {"groups": found},
    )


CHECK = Check("oom_group", "OOM groups", "memory", _examine)
