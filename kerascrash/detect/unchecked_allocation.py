"""
Observe a crash at the process's own limit of memory: an allocation went unchecked.

Code that does not look at what malloc returned reads or writes through a null pointer.
The limit (`ulimit -d`, `ulimit -v`) must be near, or any null pointer would do. A small
fault address is an offset into the block that was refused: at least that much was asked
for on top of what was in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.detect._kernel_lines import is_ours, kernel_lines
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, ExitStatus, Process
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SIGSEGV = 11
# RLIMIT_DATA counts what was reserved and not yet touched as well.
_LIMITS = (("RLIMIT_DATA", "anon", 0.8), ("RLIMIT_AS", "vms", 0.95))
_WITHOUT_LOG = 0.8
_SEGFAULT = re.compile(
    r"(?P<comm>[^\s\[][^\[]{0,40})\[(?P<pid>\d+)\]: segfault at (?P<at>[0-9a-f]+) "
)
_SURELY_OURS = 0.9


def detect(case: Case) -> Iterator[Finding]:
    """Yield that it crashed at its limit of memory."""
    recording = recording_of(case)
    faults = _faults_told(case)
    told = any(first for first, _ in faults)
    offset = min((at for _, at in faults), default=0)
    if recording is None or not _crashed(case, bool(faults)):
        return
    rlimits = recording.limits.get("rlimits") or {}
    for name, series, share in _LIMITS:
        soft = next(iter(rlimits.get(name) or ()), None)
        used = last_reading(case, series)
        if not isinstance(soft, int) or soft <= 0 or not used:
            continue
        asked = offset if offset < soft else 0
        if used + asked < share * soft:
            continue
        yield note(
            "allocation_unchecked",
            "dump:limits",
            f"it crashed at its limit of memory ({name}): {format_bytes(used)} of "
            f"{format_bytes(soft)}; an allocation that failed went unchecked",
            1.0 if told else _WITHOUT_LOG,
            used=used,
            limit=soft,
        )
        return


def _faults_told(case: Case) -> list[tuple[bool, int]]:
    """Return, of its segfaults told by kernel or core, (surely its, the address)."""
    pid = case.process.pid if isinstance(case.process, Process) else 0
    found = [
        (int(match["pid"]) == pid, int(match["at"], 16))
        for _, line, text in kernel_lines(case)
        if (match := _SEGFAULT.search(text))
        and is_ours(case, int(match["pid"]), match["comm"].strip(), line.time)
        >= _SURELY_OURS
    ]
    if case.core is not None and case.core.address is not None:
        found.append((True, case.core.address))
    return found


def _crashed(case: Case, told: bool) -> bool:
    if isinstance(case.exit, ExitStatus):
        return case.exit.signal == _SIGSEGV
    return told


DETECTOR = Detector(
    id="unchecked_allocation",
    finds=("allocation_unchecked",),
    detect=detect,
    needs=("recording",),
)
