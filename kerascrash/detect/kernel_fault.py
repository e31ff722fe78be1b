"""
Observe faults that the kernel logged: segfaults, traps, stack overflows.

Lines carry the thread's id and name. A fault address within 64 KiB of the stack pointer
is a stack overflow. SIGBUS, SIGABRT and faults that a handler caught leave no line, and
the eleventh crash in five seconds is lost: no line proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._kernel_lines import is_ours, kernel_lines, quote
from kerascrash.model.case import Case, ExitStatus, LogLine
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
_ARM = re.compile(
    _WHO + r" unhandled (?P<kind>[\w ]*?fault|exception)"
    r".{0,60}?(?:at 0x(?P<address>[0-9a-f]+)).*?(?: in (?P<library>[^\s\[]+)\[|$)"
)
_NEAR_STACK = 64 * 1024
_TRAPS = {
    "invalid opcode": ("kernel_invalid_opcode", "an illegal instruction"),
    "divide error": ("kernel_divide_error", "a division by zero"),
    "int3": ("exit_sigtrap", "a breakpoint"),
}

_WITNESSES = frozenset({"pidfd", "zombie", "parent"})
_FAULT_SIGNALS = frozenset({4, 5, 7, 8, 11})  # SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV


def detect(case: Case) -> Iterator[Finding]:
    """Yield faults of the process; those of others are only told."""
    for source, line, message in kernel_lines(case):
        found = (
            _SEGFAULT.search(message) or _TRAP.search(message) or _ARM.search(message)
        )
        if found:
            yield _make(case, source, line, found.groupdict())


def _make(
    case: Case, source: str, line: LogLine, data: dict[str, str | None]
) -> Finding:
    comm, pid = (data["comm"] or "").strip(), int(data["pid"] or 0)
    comm = comm.removeprefix("traps: ")
    ours = 0.0 if _ended_otherwise(case) else is_ours(case, pid, comm, line.time)
    name, what = _classify(data)
    place = f" in {data['library']}" if data.get("library") else ""
    evidence = (quote(source, line, **data),)
    shown = {k: v for k, v in data.items() if v is not None}
    if ours < 0.25:
        text = f"another process faulted: {comm}"
        return Finding("kernel_fault_other", text, 1.0, evidence, shown)
    text = f"the kernel logged {what}{place} by {comm} (thread {pid})"
    return Finding(name, text, round(ours, 2), evidence, shown)


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
    address, sp = int(data["address"] or "0", 16), int(data.get("sp") or "0", 16)
    if (
        sp
        and address
        and abs(address - sp) < _NEAR_STACK
        and address != int(data["ip"] or "0", 16)
    ):
        return "kernel_stack_overflow", "a fault next to the stack pointer"
    return "kernel_segfault", _describe(int(data.get("error") or "4", 16), address)


def _describe(error: int, address: int) -> str:
    """Read the x86 page-fault bits: 2 is a write, 0x10 an instruction fetch."""
    how = "execution" if error & 0x10 else "write" if error & 2 else "read"
    null = " (a null pointer)" if address < 4096 else ""
    return f"an invalid {how} at 0x{address:x}{null}"


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
