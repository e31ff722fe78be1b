"""Whether the kernel logs segfaults and traps: ``debug.exception-trace``."""

from __future__ import annotations

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    value = read_text("/proc/sys/debug/exception-trace")
    if value is None:
        return None
    if value != "0":
        return Result("ok", "segfaults and traps get a line in the kernel log")
    return Result(
        "missing",
        "segfaults and traps get no line in the kernel log",
        "A stack overflow looks like any segfault, and the library is not named.",
        "sudo sysctl debug.exception-trace=1",
    )


CHECK = Check("exception_trace", "fault lines", "kernel", _examine)
