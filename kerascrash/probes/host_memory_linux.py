"""The machine: total, available and swap memory, from ``/proc/meminfo`` (1.8 us)."""

from __future__ import annotations

from kerascrash.probes.procfile import ProcFile, pick_numbers

_KIB = {
    b"MemTotal:": "host_total",
    b"MemAvailable:": "host_available",
    b"SwapFree:": "swap_free",
}


class HostMemory:
    """Reader of the machine's memory; the pid does not matter."""

    def __init__(self, pid: int) -> None:
        del pid
        self._meminfo = ProcFile("/proc/meminfo")

    def read(self, values: dict[str, int]) -> None:
        pick_numbers(self._meminfo.read(), _KIB, values, 1024)

    def close(self) -> None:
        self._meminfo.close()


PROBE = HostMemory
