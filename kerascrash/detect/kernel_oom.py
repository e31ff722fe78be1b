"""
Observe OOM kills in the kernel log: whose limit, and was it this process.

Formats of kernels 3.10 to 6.18: `Kill process N (comm) score S or sacrifice child`,
`Killed process N (comm) total-vm:…`, `oom-kill:constraint=…`. The pid is the thread
group's in the initial namespace; the task that `invoked oom-killer` is only the one
that asked for memory. A kill of another process is told, but decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kerascrash.detect._kernel_lines import is_another, is_ours, kernel_lines, quote
from kerascrash.estimate.workers import lost_workers
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_CONSTRAINT = re.compile(
    r"oom-kill:constraint=CONSTRAINT_(?P<scope>\w+),.*?(?:oom_memcg=(?P<memcg>[^,]*),)?"
    r"(?:task_memcg=(?P<task_memcg>[^,]*),)?task=(?P<comm>.*?),pid=(?P<pid>\d+)"
)
_KILL = re.compile(
    r"\b[Kk]ill(?:ed)? process (?P<pid>\d+)(?:, UID \d+,)?(?: \((?P<comm>.*?)\))"
    r"(?=,| total-vm| score|\s*$)"
)
# Before it, wherever the line was copied from; PBS writes its own words.
_WHOSE = re.compile(
    r"(?P<cgroup>Memory cgroup out of memory|Cgroup mem\w* limit exceeded)"
    r"|Out of memory\b",
    re.IGNORECASE,
)
_RSS = re.compile(r"anon-rss:(?P<kb>\d+)kB")
_MEMCG_LIMIT = re.compile(
    r"Task in (?P<task>\S+) killed as a result of limit of (?P<limit>\S+)"
    r"|^memory: usage (?P<usage>\d+)kB, limit (?P<limit_kb>\d+)kB"
    r"|(?:try_charge|mem_cgroup_out_of_memory|mem_cgroup_oom)\w*"
    r"|are going to be killed due to memory\.oom\.group"
)
_GLOBAL = re.compile(r"^Mem-Info:|\bglobal_oom\b|__alloc_pages_(?:slowpath|may_oom)")
_INVOKED = re.compile(r"^(?P<comm>.{1,40}?) invoked oom-killer")
_SIGKILL = 9
_UNLIMITED = 1 << 52  # kB: the kernel's word for "no limit" is far beyond this


@dataclass(frozen=True, slots=True)
class OomKill:
    """One kill: ``scope`` is ``global``, ``cgroup`` or empty; ``rss`` in bytes."""

    pid: int | None
    comm: str
    scope: str
    time: float | None
    evidence: tuple[Evidence, ...]
    rss: int | None = None
    limit: int | None = None
    cgroup: str = ""
    confined: bool = False  # to some NUMA nodes, by a cpuset or a memory policy


def find_kills(case: Case) -> list[OomKill]:
    """Return every OOM kill of the kernel logs, one per victim and block."""
    kills: list[OomKill] = []
    scope, limit, cgroup = "", None, ""
    pending: OomKill | None = None
    for source, line, message in kernel_lines(case):
        if invoked := _INVOKED.search(message):
            scope, limit, cgroup = "", None, ""
            fact = quote(source, line)
            pending = OomKill(None, invoked["comm"], "", line.time, (fact,))
        elif found := _CONSTRAINT.search(message):
            scope = "cgroup" if found["scope"] == "MEMCG" else "global"
            cgroup = found["memcg"] or ""
            fact = quote(source, line, pid=found["pid"], comm=found["comm"])
            pid = int(found["pid"])
            kills.append(
                OomKill(
                    pid, found["comm"], scope, line.time, (fact,), None, limit, cgroup,
                    found["scope"] in ("CPUSET", "MEMORY_POLICY"),
                )
            )  # fmt: skip
            pending = None
        elif found := _KILL.search(message):
            scope = _scope_of(message[: found.start()]) or scope
            fact = quote(source, line, pid=found["pid"], comm=found["comm"])
            rss = _RSS.search(message)
            kill = OomKill(
                int(found["pid"]), found["comm"], scope, line.time, (fact,),
                int(rss["kb"]) * 1024 if rss else None, limit, cgroup,
            )  # fmt: skip
            _add(kills, kill)
            pending = None
        elif found := _MEMCG_LIMIT.search(message):
            scope = "cgroup"
            cgroup = found["limit"] or cgroup
            if found["limit_kb"] and int(found["limit_kb"]) < _UNLIMITED:
                limit = int(found["limit_kb"]) * 1024
        elif _GLOBAL.search(message) and not scope:
            scope = "global"
        if pending is not None and scope:
            pending = replace(pending, scope=scope, limit=limit, cgroup=cgroup)
    return kills if pending is None else [*kills, pending]


def _scope_of(before: str) -> str:
    found = _WHOSE.search(before)
    if found is None:
        return ""
    return "cgroup" if found["cgroup"] else "global"


def _add(kills: list[OomKill], kill: OomKill) -> None:
    """Join the two lines that kernels write about one kill."""
    for at in range(len(kills) - 1, max(-1, len(kills) - 9), -1):
        old = kills[at]
        close = old.time is None or kill.time is None or abs(old.time - kill.time) < 30
        if old.pid == kill.pid and close:
            kills[at] = replace(
                old,
                scope=old.scope or kill.scope,
                rss=old.rss or kill.rss,
                limit=old.limit or kill.limit,
                evidence=old.evidence + kill.evidence,
            )
            return
    kills.append(kill)


_FINDINGS = {
    "global": (
        "kernel_oom_global",
        "the kernel killed it: the machine was out of memory",
    ),
    "cgroup": (
        "kernel_oom_cgroup",
        "the kernel killed it: a cgroup's limit was reached",
    ),
    "": (
        "kernel_oom_unclear",
        "the kernel killed it for memory; whose limit is not told",
    ),
}


def detect(case: Case) -> Iterator[Finding]:
    """Yield one finding per kill: of the process, or of another one."""
    kills = find_kills(case)
    if not kills:
        yield from _limits_hit(case)
    lost = {worker.pid for worker in lost_workers(case)}
    for kill in kills:
        ours = is_ours(case, kill.pid, kill.comm, kill.time, kill.rss)
        if is_another(case, kill.pid) or (ours < 1 and _ended_otherwise(case)):
            ours = 0.0
        data = {
            "pid": kill.pid, "comm": kill.comm, "rss": kill.rss, "limit": kill.limit,
            "cgroup": kill.cgroup, "scope": kill.scope, "confined": kill.confined,
        }  # fmt: skip
        if kill.pid in lost:  # and its loss ended the program
            ours, data["worker_pid"] = 1.0, kill.pid
        if kill.pid is None:  # the block is cut off before the victim's name
            ours *= 0.7
        if ours < 0.25:
            text = f"the kernel killed another process for memory: {kill.comm}"
            yield Finding("kernel_oom_other", text, 1.0, kill.evidence, data)
            continue
        name, _ = _FINDINGS[kill.scope]
        text = _tell(kill, worker="worker_pid" in data)
        yield Finding(name, text, round(ours, 2), kill.evidence, data)


def _ended_otherwise(case: Case) -> bool:
    """Tell that it ended by another signal than the only one that the kernel sends."""
    signal = case.exit.signal if isinstance(case.exit, ExitStatus) else None
    return signal is not None and signal != _SIGKILL


def _tell(kill: OomKill, *, worker: bool) -> str:
    _, text = _FINDINGS[kill.scope]
    if kill.confined:
        text = "the kernel killed it: the NUMA nodes it was confined to were full"
    if worker:
        text = text.replace("killed it", f"killed the worker process {kill.pid}")
    if kill.rss:
        text += f"; it held {format_bytes(kill.rss)}"
    if kill.limit and kill.scope == "cgroup":
        text += f" of the limit of {format_bytes(kill.limit)}"
    return text


def _limits_hit(case: Case) -> Iterator[Finding]:
    """Yield a limit that was reached where the line with the victim is lost."""
    for source, line, message in kernel_lines(case):
        found = _MEMCG_LIMIT.search(message)
        if not found or not found["usage"] or not found["limit_kb"]:
            continue
        if int(found["usage"]) >= 0.99 * int(found["limit_kb"]):
            text = "the kernel's report of a cgroup whose memory limit was reached"
            yield Finding("cgroup_limit_hit", text, 0.9, (quote(source, line),))


DETECTOR = Detector(
    id="kernel_oom",
    finds=(
        *(name for name, _ in _FINDINGS.values()),
        "kernel_oom_other",
        "cgroup_limit_hit",
    ),
    detect=detect,
    needs=("log:kernel",),
)
