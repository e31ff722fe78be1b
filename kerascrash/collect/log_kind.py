"""Sort out lines: of the kernel, of a scheduler or daemon, of the program."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Stamps that only the kernel's log has: /dev/kmsg; dmesg, its -T, -x, -d, -e and ISO.
_STAMP = re.compile(
    r"\s*(?:<\d+>)?(?:\d{1,4},\d+,\d+,[-+c]|\[\s*\+?\d+\.\d{3,6}(?: <\s*\d+\.\d+>)?\]"
    r"|\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]|kern\s*:"
    r"|\[\w{3} [ \d]?\d \d\d:\d\d\] |[\d-]{10}T[\d:]{8},\d{6}[+-]\d\d:\d\d )"
)
_SYSLOG = re.compile(r"\s*\S{3,40}(?: +\S+){0,4} kern(?:el)?(?:\[\d+\])?\s*:")
# What only the kernel says, for lines that lost their stamp.
_KERNEL_WORDS = (
    *("of memory: Kill", "oom-kill:constraint=", "invoked oom-killer", "NVRM: "),
    *(" segfault at ", "traps: ", "[Hardware Error]", "Kernel panic - not"),
)
_CGROUP_USE = re.compile(r"(?:memory|memory\+swap): usage \d+kB, limit")
_SYSTEM = re.compile(
    r"\b(?:slurm\w*|srun|sbatch|systemd(?:-\w+)?|earlyoom|nohang|kubelet|dockerd|"
    r"containerd|pbs_mom|raylet|NotebookApp|ServerApp|JupyterHub)(?:\[\d+\])?[:\]]"
    r"|^=>> PBS|\bTERM_[A-Z]+\b|OOMKilled|^\s+(?:Reason|Exit Code|Last State|Message):"
    r"|^(?:JobId|JobState)=|oom-kill event"
    r"|^\[[IWECD] [\d:\- .]+ (?:Notebook|Server)App\]"
    r"|^mem avail: |^low memory! |^sending SIG(?:TERM|KILL) to process"
)
_SYSTEM_WORDS = (
    *("slurm", "srun", "sbatch", "systemd", "earlyoom", "nohang", "kubelet", "docker"),
    *("containerd", "pbs_mom", "raylet", "App", "JupyterHub", "PBS", "TERM_"),
    *(
        "Reason:",
        "OOMKilled",
        "Exit Code:",
        "Last State:",
        "Message:",
        "Job",
        "oom-kill event",
    ),
    *("mem avail", "low memory!", "sending SIG"),
)
# A daemon's line in a journal whose stamps look like the kernel's.
_DAEMON = re.compile(
    r"(?:\[[^\]]{3,40}\]|\S+(?: +\S+){0,3}) "
    r"(?:systemd[\w-]*|earlyoom|nohang|slurm\w+|kubelet|dockerd|containerd)\[\d+\]: "
)
# What a program, its shell or its engine writes, and never the kernel.
_PROGRAM = re.compile(
    r"^Traceback \(most recent call last\)|^Epoch \d+/\d|\(core dumped\)|\"OOMKilled\""
    r"|^\s+File \"|^(?:Segmentation fault|Aborted|Killed)\b"
)
_CRASH_REPORT = re.compile(
    r"(?:Exception Type|Termination Reason|Crashed Thread|Event Name"
    r"|Faulting (?:application|module) name): ?|\{\"app_name\""
)


def sort_line(text: str, otherwise: str) -> str:
    """Return the kind of log a line belongs to; ``otherwise`` if it does not tell."""
    head = text[:300]
    system = any(word in head for word in _SYSTEM_WORDS)
    if system and _DAEMON.match(head):
        return "system"
    if _is_kernel(head):
        return "kernel"
    if system and _SYSTEM.search(head):
        return "system"
    if otherwise in ("kernel", "system"):
        return otherwise
    return "crash_report" if _CRASH_REPORT.match(head) else otherwise


def is_misnamed(texts: Iterable[str]) -> bool:
    """Tell that what was given as the kernel's log is the output of a program."""
    heads = [text[:300] for text in texts]
    if any(_is_kernel(head) for head in heads):
        return False
    return any(_PROGRAM.search(head) for head in heads)


def _is_kernel(head: str) -> bool:
    if _STAMP.match(head) or any(word in head for word in _KERNEL_WORDS):
        return True
    if " kern" in head and _SYSLOG.match(head):
        return True
    return ": usage " in head and _CGROUP_USE.match(head) is not None
