"""Memory of the process's cgroup, version 1 (the memory controller's own mount)."""

from __future__ import annotations

from kerascrash.probes.cgroup_memory import CgroupMemory


def _open(pid: int) -> CgroupMemory:
    return CgroupMemory(pid, version=1)


PROBE = _open
