"""
Tell whether the machine has booted since the dump was written.

Another boot id alone does not tell: the report may be read on another machine. It is
this machine when its kernel, memory and script agree, and it booted after the end.
"""

from __future__ import annotations

import os

from kerascrash.model.case import Recording

_SLACK_SECONDS = 5.0


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""


def _field(text: str, name: str) -> int | None:
    for line in text.splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def booted_since(
    boot_id: str, recording: Recording, death: float | None, script: str = ""
) -> bool | None:
    """
    Return True for the same boot, False for a later one, None if it is not known.

    ``script`` is the header's: a machine may go down before its environment is kept.
    """
    here = _read("/proc/sys/kernel/random/boot_id").strip()
    if not boot_id or not here:
        return None
    if boot_id == here:
        return True
    booted = _field(_read("/proc/stat"), "btime")
    if booted is None or death is None or booted < death - _SLACK_SECONDS:
        return None
    return False if _is_this_machine(recording, script) else None


def _is_this_machine(recording: Recording, script: str) -> bool:
    environment = recording.environment
    script = str(environment.get("script") or script)
    total = (environment.get("memory") or {}).get("total")
    if total is None:
        total = recording.last("host_total")
    kilobytes = _field(_read("/proc/meminfo"), "MemTotal")
    same_memory = (
        isinstance(total, int)
        and kilobytes is not None
        # The kernel's own share differs a little from boot to boot.
        and abs(total - kilobytes * 1024) < 0.01 * total
    )
    return same_memory and os.path.isabs(script) and os.path.exists(script)
