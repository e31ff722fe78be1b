"""Whether the kernel logs SIGABRT and SIGBUS too (``kernel.print-fatal-signals``)."""

from __future__ import annotations

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    value = read_text("/proc/sys/kernel/print-fatal-signals")
    if value is None:
        return None
    if value != "0":
        return Result("ok", "every fatal signal gets a line in the kernel log")
    return Result(
        "weaker",
        "SIGABRT and SIGBUS leave no line in the kernel log (the default)",
        "They are told by the exit status and by what the program wrote.",
        "sudo sysctl kernel.print-fatal-signals=1",
    )


CHECK = Check("fatal_signals", "fatal signals", "kernel", _examine)
