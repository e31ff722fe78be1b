"""
The process itself: resident set and its parts, faults, threads, CPU time.

From ``/proc/PID/status`` (2.5 us) and ``/proc/PID/stat`` (1.2 us). The kernel keeps
these counters per CPU, so they may be off by some hundred KiB.
"""

from __future__ import annotations

import os

from kerascrash.probes.procfile import ProcFile, pick_numbers

_KIB = {
    b"VmRSS:": "rss",
    b"RssAnon:": "anon",
    b"RssFile:": "file",
    b"RssShmem:": "shmem",
    b"VmSwap:": "swap",
    b"VmSize:": "vms",
    b"VmHWM:": "rss_peak",
}
_COUNTS = {b"Threads:": "threads"}
_MAJOR_FAULTS, _USER_TIME, _SYSTEM_TIME = 9, 11, 12  # counted from the state letter


class ProcessMemory:
    """Reader of one process."""

    def __init__(self, pid: int) -> None:
        self._status = ProcFile(f"/proc/{pid}/status")
        self._stat = ProcFile(f"/proc/{pid}/stat")
        self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")

    def read(self, values: dict[str, int]) -> None:
        text = self._status.read()
        pick_numbers(text, _KIB, values, 1024)
        pick_numbers(text, _COUNTS, values)
        # The command in brackets may hold anything, so count from its end.
        fields = self._stat.read().rpartition(b")")[2].split()
        if len(fields) > _SYSTEM_TIME:
            values["major_faults"] = int(fields[_MAJOR_FAULTS])
            ticks = int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
            values["cpu_us"] = ticks * self._tick_us

    def close(self) -> None:
        self._status.close()
        self._stat.close()


PROBE = ProcessMemory
