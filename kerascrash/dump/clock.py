"""The clock of a dump: nanoseconds since boot, as the kernel log counts."""

from __future__ import annotations

import time

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
CLOCK_NAME = "monotonic" if _BOOTTIME is None else "boottime"


def now_ns() -> int:
    """Return CLOCK_BOOTTIME in ns, CLOCK_MONOTONIC where the system has none."""
    if _BOOTTIME is None:
        return time.monotonic_ns()
    return time.clock_gettime_ns(_BOOTTIME)


def clock_stamps() -> dict[str, int]:
    """Return the three clocks read together, in ns."""
    return {
        "realtime_ns": time.time_ns(),
        "monotonic_ns": time.monotonic_ns(),
        "boottime_ns": now_ns(),
    }
