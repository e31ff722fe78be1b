"""Sort out lines: of the kernel, of a scheduler or daemon, of the program."""

from __future__ import annotations

import re

# Prefixes and words that only the kernel writes.
_KERNEL = re.compile(
    r"^\s*(?:<\d+>)?\d{1,4},\d+,\d+,[-+c]"  # /dev/kmsg
    r"|^(?:<\d+>)?\[\s*\d+\.\d{3,6}\](?: \w+ kernel)?"  # dmesg
    r"|^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]"  # dmesg -T
    r"|^\S{3,40}(?: +\S+){0,4} kernel(?:\[\d+\])?:"  # syslog and journal
    r"|^(?:\d{4}-\d\d-\d\dT\S+ )?kern\s*:"  # dmesg -x
    r"|(?:Memory cgroup out|Out) of memory: Kill(?:ed)? process|\bNVRM: "
    r"|oom-kill:constraint=|invoked oom-killer|segfault at [0-9a-f]+ ip |NVRM: Xid"
    r"|^(?:memory|memory\+swap): usage \d+kB, limit|\btraps: \S+\[\d+\]"
    r"|mce: \[Hardware Error\]|Kernel panic - not syncing"
)
_SYSTEM = re.compile(
    r"\b(?:slurm\w*|srun|sbatch|systemd(?:-\w+)?|earlyoom|nohang|kubelet|dockerd|"
    r"containerd|pbs_mom|raylet|NotebookApp|ServerApp|JupyterHub)(?:\[\d+\])?[:\]]"
    r"|^=>> PBS|\bTERM_[A-Z]+\b|OOMKilled|^\s+(?:Reason|Exit Code|Last State|Message):"
    r"|^(?:JobId|JobState)=|oom-kill event"
    r"|^\[[IWECD] [\d:\- .]+ (?:Notebook|Server)App\]"
    r"|^mem avail: |^low memory! |^sending SIG(?:TERM|KILL) to process"
)
# A daemon's line in a journal whose stamps look like the kernel's.
_DAEMON = re.compile(
    r"^(?:\[[^\]]{3,40}\]|\S+(?: +\S+){0,3}) "
    r"(?:systemd[\w-]*|earlyoom|nohang|slurm\w+|kubelet|dockerd|containerd)\[\d+\]: "
)
_CRASH_REPORT = re.compile(
    r"^(?:Exception Type|Termination Reason|Crashed Thread|Event Name"
    r"|Faulting (?:application|module) name): ?|^\{\"app_name\""
)


def sort_line(text: str, otherwise: str) -> str:
    """Return the kind of log a line belongs to; ``otherwise`` if it does not tell."""
    head = text[:300]
    if _DAEMON.search(head):
        return "system"
    if _KERNEL.search(head):
        return "kernel"
    if otherwise == "kernel":
        return "kernel"
    if otherwise == "system" or _SYSTEM.search(head):
        return "system"
    if _CRASH_REPORT.search(head):
        return "crash_report"
    return otherwise
