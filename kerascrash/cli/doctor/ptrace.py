"""Who may look into a stuck process: Yama's ``ptrace_scope``."""

from __future__ import annotations

import os
import sys

from kerascrash.cli.doctor._check import Check, Result, read_text


def _examine() -> Result | None:
    if sys.platform != "linux":
        return None
    scope = read_text("/proc/sys/kernel/yama/ptrace_scope") or "0"
    if scope == "0" or (os.geteuid() == 0 and scope != "3"):
        return Result("ok", "a debugger may look into your processes")
    return Result(
        "weaker",
        f"kernel.yama.ptrace_scope is {scope}: a debugger may look into children only",
        "The recorder names the watcher as who may; `py-spy dump` of a hang may not.",
        "sudo py-spy dump --pid PID   or: sudo sysctl kernel.yama.ptrace_scope=0",
        {"ptrace_scope": scope},
    )


CHECK = Check("ptrace", "ptrace", "exit", _examine)
