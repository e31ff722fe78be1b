"""Who died where: process, machine, versions, limits, as groups of name and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report import words
from kerascrash.report.plain import items, mapping, mappings, number
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.model.case import Case

Group = tuple[str, list[tuple[str, str]]]

_SIGNALS = """
HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT
STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
"""
_SIZES = frozenset({
    "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK",
    "RLIMIT_CORE",
})  # fmt: skip
_RLIMITS = {
    "RLIMIT_AS": "address space", "RLIMIT_DATA": "data segment",
    "RLIMIT_STACK": "stack", "RLIMIT_CORE": "core file",
    "RLIMIT_NOFILE": "open files", "RLIMIT_NPROC": "processes of the user",
    "RLIMIT_MEMLOCK": "locked memory", "RLIMIT_CPU": "processor seconds",
    "RLIMIT_FSIZE": "size of a file",
}  # fmt: skip
_OVERCOMMIT = {
    "0": "within reason (vm.overcommit_memory=0)",
    "1": "always (vm.overcommit_memory=1)",
    "2": "never (vm.overcommit_memory=2)",
}
_KNOWN_BY = {
    "pidfd": "the kernel told the watcher",
    "zombie": "read from the dead process before it was reaped",
    "parent": "told by the parent process",
    "given": "given on the command line",
    "inferred": "inferred from what was left behind",
}


def known_of_death(case: Case) -> str:
    """Return the exit status in words, with how it is known."""
    status = case.exit
    if isinstance(status, Unavailable):
        return f"exit status unknown: {status.reason}"
    if status.signal is not None:
        text = f"ended by signal {status.signal} ({_signal_name(status.signal)})"
    elif status.ntstatus is not None:
        text = f"ended with status 0x{status.ntstatus & 0xFFFFFFFF:08X}"
    elif status.code is not None:
        text = f"ended with exit code {status.code}"
    else:
        return "exit status unknown"
    return f"{text}, {_KNOWN_BY.get(status.known_by, status.known_by)}"


def _signal_name(number: int) -> str:
    """Return the Linux name of a signal: the reader's system may count differently."""
    names = _SIGNALS.split()
    return (
        f"SIG{names[number - 1]}" if 0 < number <= len(names) else "a realtime signal"
    )


def environment_groups(case: Case) -> list[Group]:
    """Return the groups that have anything to say."""
    recording = case.recording
    seen = {} if isinstance(recording, Unavailable) else mapping(recording.environment)
    limits = {} if isinstance(recording, Unavailable) else mapping(recording.limits)
    groups: list[Group] = [
        ("Process", _process(case, seen)),
        ("Machine", _machine(case, seen)),
        ("Versions", _pairs(mapping(seen.get("packages")))),
        ("Settings from the environment", _pairs(mapping(seen.get("env")))),
        ("Limits", _limits(limits)),
        ("Biggest processes at the death", _biggest(case)),
    ]
    return [group for group in groups if group[1]]


def _process(case: Case, seen: Mapping[str, Any]) -> list[tuple[str, str]]:
    process = case.process
    rows: list[tuple[str, object]] = []
    if not isinstance(process, Unavailable):
        argv = items(seen.get("argv")) or process.argv
        rows += [
            ("script", process.script),
            ("process id", process.pid),
            ("started", words.utc(process.start)),
            ("arguments", " ".join(str(arg) for arg in argv)),
            ("folder", seen.get("cwd") or process.cwd),
        ]
    if case.death is not None:
        rows.append(("died", words.utc(case.death)))
    rows.append(("end", known_of_death(case)))
    if not isinstance(case.recording, Unavailable):
        rows.append(("dump", f"{case.recording.source} ({case.recording.state})"))
    return _said(rows)


def _machine(case: Case, seen: Mapping[str, Any]) -> list[tuple[str, str]]:
    memory = mapping(seen.get("memory"))
    total = number(memory.get("total"))
    return _said([
        ("platform", seen.get("platform") or case.platform.replace("unknown", "")),
        ("kernel", seen.get("kernel")),
        ("processors", seen.get("cpu_count")),
        ("processor features", " ".join(str(f) for f in items(seen.get("cpu_flags")))),
        ("memory", format_bytes(total) if total else None),
        ("container", seen.get("container")),
        ("control group", mapping(seen.get("cgroup")).get("path")),
        ("Python", seen.get("python")),
    ])  # fmt: skip


def _limits(limits: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, object]] = []
    limit = number(limits.get("cgroup_limit"))
    if limit is not None:
        rows.append(("container memory", format_bytes(limit) if limit >= 0 else "none"))
    for key, name in (("dev_shm", "/dev/shm"), ("dump_disk", "disk of the dump"),
                      ("tmp_disk", "temporary disk")):  # fmt: skip
        free = number(mapping(limits.get(key)).get("free"))
        total = number(mapping(limits.get(key)).get("total"))
        if free is not None and total:
            rows.append((name, f"{format_bytes(free)} free of {format_bytes(total)}"))
    rows += [
        ("processes", _limit(limits.get("pids_max"))),
        ("overcommit of memory", _OVERCOMMIT.get(str(limits.get("overcommit")))),
    ]
    for name, value in mapping(limits.get("rlimits")).items():
        soft = (items(value) or [None])[0]
        said = f"{_RLIMITS[name]} ({name})" if name in _RLIMITS else str(name)
        rows.append((said, _limit(soft, sized=name in _SIZES)))
    return _said(rows)


def _limit(value: Any, *, sized: bool = False) -> object:
    """Return a limit as it is set: the kernel writes -1 for none."""
    if value == -1:
        return "unlimited"
    size = number(value)
    if size is None:
        return value
    return format_bytes(size) if sized else f"{size:,.0f}"


def _biggest(case: Case) -> list[tuple[str, str]]:
    if isinstance(case.certificate, Unavailable):
        return []
    rows: list[tuple[str, object]] = []
    for entry in mappings(case.certificate.get("biggest"))[:10]:
        size = number(entry.get("rss"))
        where = "same container" if entry.get("same_cgroup") else "elsewhere"
        if size is not None:
            name = f"{entry.get('comm')} ({entry.get('pid')})"
            rows.append((name, f"{format_bytes(size)}, {where}"))
    return _said(rows)


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return _said(
        [(str(name), value) for name, value in sorted(values.items(), key=str)]
    )


def _said(rows: list[tuple[str, object]]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in rows if value not in (None, "")][:80]
