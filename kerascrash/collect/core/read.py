"""From the notes of a core file to what they say of the death."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.collect.core.notes import Notes, read_notes, unpack
from kerascrash.dump.masking import mask_arguments
from kerascrash.model.core import CoreFile, Mapping

_FAULTS = frozenset({4, 5, 7, 8, 11})  # SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV
_SI_KERNEL = 128  # the processor told no address: a general protection fault
_KEPT_ARGUMENTS = 79  # characters of the command line that PRPSINFO keeps


@dataclass(frozen=True)
class _Registers:
    """Where pc and sp stand among the 8-byte registers of NT_PRSTATUS."""

    pc: int
    sp: int


# Of 64-bit machines; the registers begin at byte 112 of elf_prstatus.
_REGISTERS = {
    "x64": _Registers(16, 19),
    "AArch64": _Registers(32, 31),
    "RISC-V": _Registers(0, 2),
    "64-bit PowerPC": _Registers(32, 1),
}
_REGISTERS_AT = 112


def read_core(path: str) -> CoreFile:
    """Return what the core file tells; raises OSError and NotACoreError."""
    notes = read_notes(path)
    signal = unpack(notes, "NT_SIGINFO", "i", 0)
    if signal is None:
        signal = unpack(notes, "NT_PRSTATUS", "h", 12)
    code = unpack(notes, "NT_SIGINFO", "i", 8)
    where = 16 if notes.wide else 12  # of the union in siginfo
    fault = signal in _FAULTS and code is not None and 0 < code != _SI_KERNEL
    sent = code is not None and code <= 0
    word = "Q" if notes.wide else "I"
    address = unpack(notes, "NT_SIGINFO", word, where) if fault else None
    pc, sp = _registers(notes)
    return CoreFile(
        source=path,
        machine=notes.machine,
        signal=signal,
        code=code,
        address=address,
        sender=unpack(notes, "NT_SIGINFO", "i", where) if sent else None,
        pid=unpack(notes, "NT_PRPSINFO", "i", 24 if notes.wide else 12),
        thread=unpack(notes, "NT_PRSTATUS", "i", 32 if notes.wide else 24),
        name=notes.name,
        arguments=_arguments(notes.arguments),
        pc=pc,
        sp=sp,
        at=_find(notes.mappings, pc),
        touched=_find(notes.mappings, address),
        complete=notes.complete,
    )


def _registers(notes: Notes) -> tuple[int | None, int | None]:
    places = _REGISTERS.get(notes.machine) if notes.wide else None
    if places is None:
        return None, None
    pc, sp = (
        unpack(notes, "NT_PRSTATUS", "Q", _REGISTERS_AT + 8 * n)
        for n in (places.pc, places.sp)
    )
    return pc, sp


def _arguments(line: str) -> tuple[str, ...]:
    """Return the command line without secrets; of a cut one the last word goes."""
    words = line.split()
    return tuple(mask_arguments(words[:-1] if len(line) >= _KEPT_ARGUMENTS else words))


def _find(mappings: tuple[Mapping, ...], address: int | None) -> Mapping | None:
    if address is None:
        return None
    return next((m for m in mappings if m.begin <= address < m.end), None)
