"""
Read an exit status in every spelling in which people meet it.

Shells say 137, Python says -9, a byte that lost its sign says 247, Windows says
3221226505, -1073740791 or 0xC0000409, schedulers say 0:9 (Slurm: code:signal), systemd
says status=9/KILL, people say SIGKILL, "signal 9", "128+9" or "Bus error: 10".
"""

from __future__ import annotations

import re
import unicodedata

from kerascrash.collect.signal_names import MAC_SIGNALS, find_phrase, find_signal
from kerascrash.errors import UsageError
from kerascrash.model.case import ExitStatus
from kerascrash.model.ntstatus import NTSTATUS

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_SLURM_OOM = 125  # Slurm's own SIG_OOM (253), shown as 0:125
_BY_NAME = {name: value for value, name in NTSTATUS.items()}
# A number that a word calls the status counts more than others beside it.
_CALLED = re.compile(
    r"(?:exit(?:ed)?(?:[ _]?(?:code|status))?|code|status|returned|rc|\$\?)"
    r"[\s:=(]*(?:(?:with|code|status)[\s:=]*)*(-?\d{1,20})(?![\w.])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,20}(?![\w.]|\.\d)")
_CORE = re.compile(r"core dumped|dumped core", re.IGNORECASE)
_TOP = 1 << 32


def parse_exit_status(text: str, platform: str = "linux") -> ExitStatus:
    """
    Return what ``text`` says of how the process ended.

    Raises UsageError when it is no status in any spelling known here.
    """
    plain = unicodedata.normalize("NFKC", _ESCAPES.sub(" ", text)).translate(_DASHES)
    cleaned = plain.strip().strip("\"'").strip().rstrip(".,;")
    found = (
        _parse_windows(cleaned)
        or _parse_words(cleaned, platform)
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
        raw=cleaned[:120],
        core_dumped=_CORE.search(text) is not None,
    )


def _parse_windows(text: str) -> dict[str, int] | None:
    """Read an NTSTATUS by name or in hexadecimal, with or without 0x."""
    if named := re.search(r"\bSTATUS_[A-Z_]+\b", text):
        value = _BY_NAME.get(named[0])
        return None if value is None else {"ntstatus": value}
    found = re.search(r"\b0x(?:f{8})?([48c-f][0-9a-f]{7})\b", text, re.IGNORECASE)
    bare = re.fullmatch(r"(?=\d*[a-f])([8c-e][0-9a-f]{7})h?", text, re.IGNORECASE)
    known = found or bare
    return _read_windows(int(known[1], 16)) if known else None


def _parse_words(text: str, platform: str) -> dict[str, int] | None:
    if re.fullmatch(r"OUT_OF_ME(?:M(?:ORY)?)?\+?", text):
        return {"signal": _SLURM_OOM}
    number = find_signal(text) or find_phrase(text)
    if number is not None:
        return {"signal": number}
    numbered = re.search(
        r"\bsig(?:nal)?\s*[:=#]?\s*(\d{1,2})(?!\d)", text, re.IGNORECASE
    )
    if numbered and int(numbered[1]):
        return {"signal": _map(int(numbered[1]), platform)}
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
        r"\bw(?:ait)?[ _]?status\s*[:=]?\s*(0x[0-9a-f]+|\d+)", text, re.IGNORECASE
    )
    if wait:
        return _read_wait(int(wait[1], 0))
    hexa = re.search(r"\b0x([0-9a-f]{1,7})\b", text, re.IGNORECASE)
    if hexa:
        return _read_number(int(hexa[1], 16), platform)
    if re.search(r"\bsig(?:nal)?\b", text, re.IGNORECASE):
        return None  # no signal has that number
    called = _CALLED.search(text)
    numbers = [called[1]] if called else _NUMBER.findall(text)
    return _read_number(int(numbers[0]), platform) if len(numbers) == 1 else None


def _read_number(value: int, platform: str) -> dict[str, int] | None:
    if abs(value) > 0xFFFF:
        widened = (1 << 64) - _TOP <= value < 1 << 64
        return _read_windows(value) if widened or abs(value) < _TOP else None
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
        return _read_code(value >> 8)  # a wait status, as os.system() returns it
    return {"code": value}


def _read_wait(value: int) -> dict[str, int]:
    return {"signal": value & 127} if value & 127 else {"code": value >> 8 & 255}


def _read_windows(value: int) -> dict[str, int]:
    """NTSTATUS errors have the two top bits set; small values are plain codes."""
    value %= _TOP  # signed, or widened to 64 bits
    if value >= _TOP - 256:  # -1 and the like
        return {"code": value - _TOP}
    return {"ntstatus": value} if value >= 0x40000000 else {"code": value}


def _map(number: int, platform: str) -> int:
    return MAC_SIGNALS.get(number, number) or number if platform == "macos" else number
