"""The clock of a dump: nanoseconds since boot, as the kernel log counts."""

from __future__ import annotations

import functools
import time

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
CLOCK_NAME = "monotonic" if _BOOTTIME is None else "boottime"


now_ns = (
    time.monotonic_ns
    if _BOOTTIME is None
    else functools.partial(time.clock_gettime_ns, _BOOTTIME)
)
"""Return CLOCK_BOOTTIME in ns, CLOCK_MONOTONIC where the system has none. No function
of Python's: one more of these costs a step some microseconds, as it is never in the
processor's cache by then."""


def clock_stamps() -> dict[str, int]:
    """Return the three clocks read together, in ns."""
    return {
        "realtime_ns": time.time_ns(),
        "monotonic_ns": time.monotonic_ns(),
        "boottime_ns": now_ns(),
    }
