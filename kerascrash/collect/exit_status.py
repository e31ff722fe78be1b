"""
Read an exit status in every spelling in which people meet it.

Shells say 137, Python says -9, a byte that lost its sign says 247, Windows says
3221226505, -1073740791 or 0xC0000409, schedulers say 0:9 (Slurm: code:signal), people
say SIGKILL, "signal 9" or "128+9".
"""

from __future__ import annotations

import re
import signal

from kerascrash.errors import UsageError
from kerascrash.model.case import ExitStatus

# Linux numbers: logs of Linux are read on other systems too, so the module `signal`
# of the machine that reads does not decide.
SIGNALS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7,
    "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14,
    "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20,
    "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26,
    "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
}  # fmt: skip
# macOS numbers that differ, for statuses given with --platform macos.
MAC_SIGNALS = {7: 0, 10: 7, 12: 31, 30: 10, 31: 12}
_WORDS = {
    "killed": 9, "segmentation fault": 11, "segfault": 11, "aborted": 6, "abort": 6,
    "terminated": 15, "interrupted": 2, "bus error": 7, "illegal instruction": 4,
    "floating point exception": 8, "hangup": 1, "quit": 3, "oomkilled": 9,
}  # fmt: skip


def parse_exit_status(text: str, platform: str = "linux") -> ExitStatus:
    """
    Return what ``text`` says of how the process ended.

    Raises UsageError when it is no status in any spelling known here.
    """
    cleaned = text.strip().strip("\"'").strip().rstrip(".")
    found = (
        _parse_words(cleaned)
        or _parse_pair(cleaned)
        or _parse_numbers(cleaned, platform)
    )
    if found is None:
        raise UsageError(
            f"not an exit status: {text[:80]!r} (try 137, SIGKILL, -9, 0xC0000409, 0:9)"
        )
    return ExitStatus(
        code=found.get("code"),
        signal=found.get("signal"),
        ntstatus=found.get("ntstatus"),
        raw=text.strip()[:120],
        core_dumped=bool(found.get("core_dumped", False)),
    )


def name_signal(number: int) -> str:
    """Return ``SIGKILL`` for 9; ``signal 40`` for one that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        name = next((n for n, v in SIGNALS.items() if v == number), None)
        return f"SIG{name}" if name else f"signal {number}"


def _parse_words(text: str) -> dict[str, int | bool] | None:
    core = bool(re.search(r"core dumped|dumped core", text, re.IGNORECASE))
    extra: dict[str, int | bool] = {"core_dumped": True} if core else {}
    bare = re.sub(r"\(?core dumped\)?", "", text, flags=re.IGNORECASE).strip().lower()
    named = re.search(r"\b(?:sig)([a-z]{2,6}\d?)\b", bare)
    if named and named[1].upper() in SIGNALS:
        return {"signal": SIGNALS[named[1].upper()], **extra}
    if bare.upper() in SIGNALS:
        return {"signal": SIGNALS[bare.upper()], **extra}
    if bare in _WORDS:
        return {"signal": _WORDS[bare], **extra}
    numbered = re.search(r"\bsig(?:nal)?\s*[:=#]?\s*(\d{1,2})\b", bare)
    if numbered:
        return {"signal": int(numbered[1]), **extra}
    return None


def _parse_pair(text: str) -> dict[str, int] | None:
    """Read ``0:9`` (Slurm) and ``128+9``."""
    slurm = re.fullmatch(r"(\d{1,3})\s*:\s*(\d{1,3})", text)
    if slurm:
        code, number = int(slurm[1]), int(slurm[2])
        if number:
            return {"signal": number & 127}
        return _read_code(code)
    plus = re.fullmatch(r"128\s*\+\s*(\d{1,2})", text)
    return {"signal": int(plus[1])} if plus else None


def _parse_numbers(text: str, platform: str) -> dict[str, int] | None:
    wait = re.search(
        r"wait(?:\s*status)?\s*[:=]?\s*(0x[0-9a-f]+|\d+)", text, re.IGNORECASE
    )
    if wait:
        return _read_wait(int(wait[1], 0))
    hexa = re.search(r"\b0x([0-9a-f]{1,8})\b", text, re.IGNORECASE)
    if hexa:
        return _read_windows(int(hexa[1], 16))
    number = re.search(r"(?<![\w.])-?\d{1,10}\b", text)
    return _read_number(int(number[0]), platform) if number else None


def _read_number(value: int, platform: str) -> dict[str, int] | None:
    if value > 0xFFFF or value < -0xFFFF:
        return _read_windows(value & 0xFFFFFFFF)
    if platform == "windows":
        return {"code": value}
    if -64 <= value < 0:
        # An IDE or a launcher reports -1 for "no idea", not for SIGHUP.
        return {"code": value} if value == -1 else {"signal": _map(-value, platform)}
    if value < 0:
        return {"code": value}
    return _read_code(value, platform)


def _read_code(value: int, platform: str = "linux") -> dict[str, int]:
    """Undo the spellings of a byte: 128 + signal (shells) and -signal (247 is -9)."""
    if 128 < value <= 128 + 31:
        return {"signal": _map(value - 128, platform)}
    if 256 - 31 <= value < 255:
        return {"signal": _map(256 - value, platform)}
    if value > 255 and value % 256 == 0:
        return {"code": value >> 8}
    return {"code": value}


def _read_wait(value: int) -> dict[str, int]:
    return {"signal": value & 127} if value & 127 else {"code": value >> 8 & 255}


def _read_windows(value: int) -> dict[str, int]:
    """NTSTATUS errors have the two top bits set; small values are plain codes."""
    return {"ntstatus": value} if value >= 0x40000000 else {"code": value}


def _map(number: int, platform: str) -> int:
    return MAC_SIGNALS.get(number, number) or number if platform == "macos" else number
