"""Where the core dump went, if one was written."""

from __future__ import annotations

import glob
import os

_PATTERN = "/proc/sys/kernel/core_pattern"
_USES_PID = "/proc/sys/kernel/core_uses_pid"
_OLDEST_S = 60.0


def find_core(pid: int, folder: str, death: float) -> tuple[str | None, str]:
    """
    Return (path, reason there is none) of the core of process ``pid``.

    ``folder`` is its working directory, ``death`` Unix seconds: an older file with
    that name is somebody else's. Pattern letters: core(5).
    """
    pattern = _read(_PATTERN)
    if not pattern:
        return None, f"{_PATTERN} cannot be read"
    if pattern.startswith("|"):
        return None, f"cores go to the program {pattern[1:].split()[0]}"
    if "%p" not in pattern and _read(_USES_PID) == "1":
        pattern += ".%p"
    path = os.path.join(folder or "/", _expand(pattern, pid))
    for candidate in sorted(glob.glob(path)):
        try:
            if os.stat(candidate).st_mtime >= death - _OLDEST_S:
                return candidate, ""
        except OSError:
            continue
    return None, f"no file {path}"


def _expand(pattern: str, pid: int) -> str:
    """Fill in what we know; the rest becomes a wildcard."""
    text, rest = "", pattern
    while rest:
        plain, found, rest = rest.partition("%")
        text += glob.escape(plain)
        if found:
            letter, rest = rest[:1], rest[1:]
            text += {"p": str(pid), "%": "%"}.get(letter, "*")
    return text


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
