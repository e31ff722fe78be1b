"""Memory of the process's cgroup, version 2 (the unified mount)."""

from __future__ import annotations

from kerascrash.probes.cgroup_memory import CgroupMemory


def _open(pid: int) -> CgroupMemory:
    return CgroupMemory(pid, version=2)


PROBE = _open
