"""
Observe how the process died in the notes of its core file.

The kernel froze them: signal, si_code, fault address, the thread's registers, the files
that were mapped. si_code of 0 and below means that somebody sent the signal: the
process itself by abort() or by a handler that raised it again, or another by kill().
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.model.case import Case
from kerascrash.model.core import CoreFile, Mapping
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_ILL, _ABRT, _BUS, _FPE, _SEGV = 4, 6, 7, 8, 11
_NAMES = {
    _ILL: "SIGILL", _ABRT: "SIGABRT", _BUS: "SIGBUS", _FPE: "SIGFPE", _SEGV: "SIGSEGV",
}  # fmt: skip
_FINDINGS = {
    _ILL: ("core_illegal_instruction", "an illegal instruction"),
    _ABRT: ("core_abort", "a call of abort()"),
    _BUS: ("core_bus_error", "an access to a mapping without memory behind it"),
    _FPE: ("core_divide_error", "an arithmetic fault"),
    _SEGV: ("core_segfault", "an access to an address that is not mapped"),
}
# si_code, asm-generic/siginfo.h
_BY_CODE = {
    (_BUS, 1): ("core_bus_error", "a misaligned access"),
    (_BUS, 3): ("core_bus_error", "an error of the object behind a mapping"),
    (_BUS, 4): ("core_memory_error", "a hardware memory error met by the process"),
    (_BUS, 5): ("core_memory_error", "a hardware memory error found by the machine"),
    (_FPE, 1): ("core_divide_error", "an integer division by zero"),
    (_SEGV, 2): ("core_segfault", "an access that the mapping does not permit"),
    (_SEGV, 128): ("core_segfault", "an access to an impossible address"),
}
_NEAR_STACK = 64 * 1024
_RAISED_AGAIN = 0.8


def detect(case: Case) -> Iterator[Finding]:
    """Yield what the core shows of a fault, an abort, or a signal that was sent."""
    core = case.core
    if core is None or core.signal not in _FINDINGS:
        return
    finding, what, strength = _classify(core)
    who = f" by {core.name} (process {core.pid})" if core.name else ""
    text = f"the core file shows {what}{_place(core)}{who}"
    offset = core.pc_offset
    yield note(
        finding,
        core.source,
        text,
        strength,
        signal=core.signal,
        code=core.code,
        address=None if core.address is None else f"0x{core.address:x}",
        library=core.at.path if core.at else None,
        offset=None if offset is None else f"0x{offset:x}",
        thread=core.thread,
    )


def _classify(core: CoreFile) -> tuple[str, str, float]:
    signal = core.signal or 0
    finding, what = _BY_CODE.get((signal, core.code or 0), _FINDINGS[signal])
    if core.code is not None and core.code <= 0:
        if core.sender not in (core.pid, core.thread):
            by = f"process {core.sender}" if core.sender else "another process"
            return "core_signal_sent", f"{_NAMES[signal]} sent by {by}", 1.0
        if signal != _ABRT:
            what = f"{_NAMES[signal]}, raised again by a handler of the process"
            return finding, what, _RAISED_AGAIN
        return finding, what, 1.0
    if signal == _SEGV and _is_stack_overflow(core):
        return "core_stack_overflow", "a fault next to the stack pointer", 1.0
    if core.address is not None and signal in (_SEGV, _BUS):
        what += f", 0x{core.address:x}{_describe(core.address, core.touched)}"
    return finding, what, 1.0


def _is_stack_overflow(core: CoreFile) -> bool:
    if core.address is None or core.sp is None or core.address == core.pc:
        return False
    return bool(core.address) and abs(core.address - core.sp) < _NEAR_STACK


def _describe(address: int, touched: Mapping | None) -> str:
    if touched is not None:
        return f" (in the mapping of {touched.path})"
    return " (a null pointer)" if address < 4096 else ""


def _place(core: CoreFile) -> str:
    if core.pc is None:
        return ""
    if core.at is None:
        return f" at 0x{core.pc:x}, in no mapped file"
    return f" in {os.path.basename(core.at.path)}+0x{core.pc_offset or 0:x}"


DETECTOR = Detector(
    id="core_file",
    finds=(
        *(finding for finding, _ in _FINDINGS.values()),
        "core_memory_error",
        "core_signal_sent",
        "core_stack_overflow",
    ),
    detect=detect,
    needs=("core",),
)
