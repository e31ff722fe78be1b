"""Signals by name, and by what shells say of them; Linux numbers."""

from __future__ import annotations

import re

# Linux numbers: logs of Linux are read on other systems too, so the numbers
# of the machine that reads do not decide.
SIGNALS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7,
    "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14,
    "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20,
    "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26,
    "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
}  # fmt: skip
# macOS numbers that differ, for statuses given with --platform macos.
MAC_SIGNALS = {7: 0, 10: 7, 12: 31, 30: 10, 31: 12}
_RTMIN = 34  # glibc keeps the first two for itself
_PHRASES = (
    (r"(?:oom)?killed", 9), (r"segmentation (?:fault|violation)|segfault", 11),
    (r"abort(?:ed)?(?: trap)?", 6), (r"terminated", 15), (r"interrupt(?:ed)?", 2),
    (r"bus error", 7), (r"illegal (?:hardware )?instruction", 4),
    (r"floating[ -]point exception", 8), (r"hangup", 1), (r"quit", 3),
    (r"trace/breakpoint trap|trace trap", 5), (r"bad system call", 31),
    (r"broken pipe", 13), (r"alarm clock", 14), (r"cpu ?time limit exceeded", 24),
    (r"file ?size limit exceeded", 25), (r"user[ -]defined signal 1", 10),
    (r"user[ -]defined signal 2", 12),
)  # fmt: skip
# What a shell writes around: `zsh: killed  python train.py`, `Bus error: 10`.
_AROUND = r"(?:(?:zsh|fish|sh|bash|signal): +)?(?:{})(?:: \d+)?(?: *\(core dumped\))?"


def find_signal(text: str) -> int | None:
    """Return the signal that a text names: ``SIGKILL``, ``KILL``, ``status=9/KILL``."""
    late = re.search(r"\bSIGRTMIN\+(\d{1,2})\b", text, re.IGNORECASE)
    if late:
        return _RTMIN + int(late[1])
    known = re.findall(r"(?:\bSIG|/)([A-Z]{2,6}\d?)\b", text, re.IGNORECASE)
    names = [*known, text]
    return next((SIGNALS[n.upper()] for n in names if n.upper() in SIGNALS), None)


def find_phrase(text: str) -> int | None:
    """Return the signal that a shell's words mean: ``Segmentation fault``."""
    lowered = (
        re.sub(r" {2,}\S.*$", "", text.lower()) if "zsh:" in text else text.lower()
    )
    for phrase, number in _PHRASES:
        if re.fullmatch(_AROUND.format(phrase), lowered):
            return number
    return None
