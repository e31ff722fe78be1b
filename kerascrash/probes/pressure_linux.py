"""
Memory stall (PSI): time that tasks waited for memory, cumulative microseconds.

From the cgroup's own ``memory.pressure`` where the unified mount shows it, else from
``/proc/pressure/memory`` of the whole machine (0.8 us).
"""

from __future__ import annotations

from kerascrash.probes.cgroups import find_hierarchy
from kerascrash.probes.procfile import ProcFile

_NAMES = {b"some": "psi_some_us", b"full": "psi_full_us"}


class Pressure:
    """Reader of the stall times that concern one process."""

    def __init__(self, pid: int) -> None:
        hierarchy = find_hierarchy(pid, version=2)
        folder = hierarchy.leaf if hierarchy else ""
        self._file = ProcFile(f"{folder}/memory.pressure") if folder else None
        if self._file is None or not self._file.is_open:
            self._file = ProcFile("/proc/pressure/memory")

    def read(self, values: dict[str, int]) -> None:
        if self._file is None:
            return
        for line in self._file.read().splitlines():
            kind, _, rest = line.partition(b" ")
            total = rest.rpartition(b"total=")[2]
            if kind in _NAMES and total.isdigit():
                values[_NAMES[kind]] = int(total)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


PROBE = Pressure
