"""
Observe faults that the kernel logged: segfaults, traps, stack overflows.

Lines carry the thread's id and name. A fault address within 64 KiB of the stack pointer
is a stack overflow. SIGBUS, SIGABRT and faults that a handler caught leave no line, and
the eleventh crash in five seconds is lost: no line proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kerascrash.detect._kernel_lines import is_another, is_ours, kernel_lines, quote
from kerascrash.model.case import Case, ExitStatus, LogLine, Process
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_WHO = r"(?P<comm>[^\s\[][^\[]{0,40})\[(?P<pid>\d+)\]:"
_SEGFAULT = re.compile(
    _WHO + r" segfault at (?P<address>[0-9a-f]+) ip (?:0x)?(?P<ip>[0-9a-f]+) "
    r"sp (?:0x)?(?P<sp>[0-9a-f]+) error (?P<error>[0-9a-f]+)"
    r"(?: in (?P<library>[^\s\[]+)\[)?"
)
_TRAP = re.compile(
    _WHO + r"? (?:trap )?(?P<trap>general protection(?: fault)?|"
    r"invalid opcode|divide error|int3|stack segment|alignment check|bounds)"
    r" ip:(?P<ip>[0-9a-f]+) sp:(?P<sp>[0-9a-f]+) error:(?P<error>[0-9a-f]+)"
    r"(?: in (?P<library>[^\s\[]+)\[)?"
)
# arm64 tells the address up to 4.14 only, then the syndrome; PowerPC has a line of its
# own; 32-bit ARM leaves out the thread.
_ARM = re.compile(
    _WHO + r" unhandled (?P<kind>[\w ()]*?fault|exception)"
    r"(?:.{0,60}?at 0x(?P<address>[0-9a-f]+))?(?:.{0,60}?ESR 0x(?P<esr>[0-9a-f]+))?"
    r".*?(?: in (?P<library>[^\s\[]+)\[|$)",
    re.IGNORECASE,
)
_ARM32 = re.compile(
    r"^(?P<comm>[^\s:\[]{1,15}): unhandled page fault \(11\) "
    r"at 0x(?P<address>[0-9a-f]+)"
)
_POWER = re.compile(
    _WHO + r" segfault \(11\) at (?P<address>[0-9a-f]+) nip (?P<ip>[0-9a-f]+) "
    r"lr [0-9a-f]+ code \w+(?: in (?P<library>[^\s\[]+)\[)?"
)
_UNDEFINED = re.compile(_WHO + r" (?P<trap>undefined instruction): pc=")
_SHAPES = (_SEGFAULT, _TRAP, _POWER, _UNDEFINED, _ARM, _ARM32)
_KILLED = re.compile(r"[Kk]ill(?:ed)? process (\d+)")
_NAMESAKE = 0.6
"""Of the same name at the same moment, by a thread id that nobody noted."""
_NEAR_STACK = 64 * 1024
_INSTRUCTION_ABORT = 0x20
_TRAPS = {
    "invalid opcode": ("kernel_invalid_opcode", "an illegal instruction"),
    "undefined instruction": ("kernel_invalid_opcode", "an illegal instruction"),
    "divide error": ("kernel_divide_error", "a division by zero"),
    "int3": ("exit_sigtrap", "a breakpoint"),
}

_WITNESSES = frozenset({"pidfd", "zombie", "parent"})
_FAULT_SIGNALS = frozenset({4, 5, 7, 8, 11})  # SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV


@dataclass(frozen=True, slots=True)
class _Fault:
    """A kernel line of a fault, and how likely (0…1) it is of this process."""

    source: str
    line: LogLine
    data: dict[str, str | None]
    comm: str
    tid: int
    ours: float

    def rank(self, death: float | None) -> tuple[float, float]:
        """Return what sorts: likelier first, then nearer to the death."""
        if death is None or self.line.time is None:
            return self.ours, 0.0
        return self.ours, -abs(self.line.time - death)


def detect(case: Case) -> Iterator[Finding]:
    """Yield faults of the process; those of others are only told."""
    faults = list(_faults(case))
    if not faults:
        return
    best = max(faults, key=lambda fault: fault.rank(case.death))
    by_number = best.ours == 1.0 or _was_killed(case)
    for fault in faults:
        if fault.ours == 1.0 or (fault is best and not by_number):
            yield _make(fault)
        elif isinstance(case.process, Process):
            # A process dies of one fault, and the kernel gave ours by its number, or
            # another line is nearer to this death: these are of its namesakes.
            yield _make(replace(fault, ours=0.0))
        else:
            yield _make(fault)


def _faults(case: Case) -> Iterator[_Fault]:
    otherwise = _ended_otherwise(case)
    for source, line, message in kernel_lines(case):
        found = next((m for one in _SHAPES if (m := one.search(message))), None)
        if found:
            data = found.groupdict()
            tid = int(data.get("pid") or 0)
            comm = (data["comm"] or "").strip().removeprefix("traps: ")
            ours = 0.0 if otherwise else is_ours(case, tid, comm, line.time)
            if is_another(case, tid):  # unless a thread of native code, unknown to us
                ours = min(ours, _NAMESAKE)
            yield _Fault(source, line, data, comm, tid, ours)


def _was_killed(case: Case) -> bool:
    """Tell that the OOM killer named this very process."""
    process = case.process
    if not isinstance(process, Process):
        return False
    pids = {process.pid, *process.outer_pids}
    killed = (_KILLED.search(message) for _, _, message in kernel_lines(case))
    return any(found and int(found[1]) in pids for found in killed)


def _make(fault: _Fault) -> Finding:
    name, what = _classify(fault.data)
    place = f" in {fault.data['library']}" if fault.data.get("library") else ""
    shown = {k: v for k, v in fault.data.items() if v is not None}
    evidence = (quote(fault.source, fault.line, **shown),)
    if fault.ours < 0.25:
        text = f"another process faulted: {fault.comm}"
        return Finding("kernel_fault_other", text, 1.0, evidence, shown)
    thread = f" (thread {fault.tid})" if fault.tid else ""
    text = f"the kernel logged {what}{place} by {fault.comm}{thread}"
    return Finding(name, text, round(fault.ours, 2), evidence, shown)


def _ended_otherwise(case: Case) -> bool:
    """Tell that somebody saw it end, and not by a signal that a fault raises."""
    status = case.exit
    if not isinstance(status, ExitStatus) or status.known_by not in _WITNESSES:
        return False
    return status.signal not in _FAULT_SIGNALS


def _classify(data: dict[str, str | None]) -> tuple[str, str]:
    trap = data.get("trap")
    if trap:
        return _TRAPS.get(
            trap, ("kernel_segfault", "an access to an impossible address")
        )
    address, sp = _hex(data, "address"), _hex(data, "sp")
    near = sp and address and abs(address - sp) < _NEAR_STACK
    if near and address != _hex(data, "ip"):
        return "kernel_stack_overflow", "a fault next to the stack pointer"
    return "kernel_segfault", _describe(data)


def _hex(data: dict[str, str | None], name: str) -> int:
    return int(data.get(name) or "0", 16)


def _describe(data: dict[str, str | None]) -> str:
    """
    Say what was tried, and where.

    x86 page-fault bits: 2 is a write, 0x10 an instruction fetch. arm64 syndrome: class
    0x20 is an instruction abort; bit 6 of a data abort is set for a write.
    """
    syndrome, error = _hex(data, "esr"), _hex(data, "error")
    fetch = syndrome >> 26 == _INSTRUCTION_ABORT or error & 0x10
    how = "execution" if fetch else "write" if syndrome & 0x40 or error & 2 else "read"
    if not data.get("address"):
        return f"an invalid {how}"
    null = " (a null pointer)" if _hex(data, "address") < 4096 else ""
    return f"an invalid {how} at 0x{_hex(data, 'address'):x}{null}"


DETECTOR = Detector(
    id="kernel_fault",
    finds=(
        "kernel_segfault",
        "kernel_stack_overflow",
        "kernel_invalid_opcode",
        "kernel_divide_error",
        "kernel_fault_other",
    ),
    detect=detect,
    needs=("log:kernel",),
)
