"""Whether a native crash leaves a core file: ``ulimit -c`` and ``core_pattern``."""

from __future__ import annotations

import sys

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    pattern = read_text("/proc/sys/kernel/core_pattern")
    if sys.platform == "win32" or pattern is None:
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_CORE)[0]
    data = {"core_pattern": pattern, "limit": soft}
    if pattern.startswith("|"):  # core(5): a pipe does not heed the limit
        program = pattern[1:].split()[0] if pattern[1:].split() else "a program"
        return Result("ok", f"cores go to {program}", data=data)
    if soft == 0:
        return Result(
            "weaker",
            "no core file is written (ulimit -c is 0)",
            "The native stack of a crash is not kept; signal and address are.",
            "ulimit -c unlimited",
            data,
        )
    return Result("ok", f"a crash writes the core file {pattern!r}", data=data)


CHECK = Check("core_file", "core file", "exit", _examine)
