"""
Observe in a kernel log that the machine booted after the death.

Every full ``dmesg`` begins with a boot: its first lines say that something came before
only if there is nothing later that tells of the death itself, or if they are later than
the death. What a log shows before a boot line, that boot has ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.model.case import Case, ExitStatus, Log, LogLine
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector

_BOOT = re.compile(r"\bLinux version \d+\.\d+")
_UNCLEAN = re.compile(
    r"EXT4-fs \(\S+\): recovery complete|corrupted or uncleanly shut down"
    r"|orphan cleanup on readonly fs"
)
_DEATH = re.compile(
    r"[Kk]ill(?:ed)? process \d|segfault at |\btraps: |oom-kill:|unhandled .*fault"
)
_AT_THE_TOP = 0.7
"""A log that begins with a boot: whether the death was before it, nobody says."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the boot, once."""
    for log in case.logs:
        found = _boot_in(case, log) if log.kind in ("kernel", "system") else None
        if found is not None:
            yield found
            return


def _boot_in(case: Case, log: Log) -> Finding | None:
    boot: tuple[int, LogLine, float] | None = None
    for index, line in enumerate(log.lines):
        if _UNCLEAN.search(line.text):
            boot = index, line, 1.0
        elif _BOOT.search(line.text):
            boot = index, line, 1.0 if index else _AT_THE_TOP
    if boot is None:
        return None
    index, line, strength = boot
    if line.time is not None and case.death is not None:
        if line.time < case.death:
            return None
    elif any(_DEATH.search(later.text) for later in log.lines[index:]):
        return None
    elif strength < 1.0 and isinstance(case.exit, ExitStatus):
        return None  # somebody lived to see how the process ended
    where = f"{log.source}:{line.number}"
    fact = Evidence(where, log.source, line.text.strip(), line.time, line.number)
    text = "the machine booted again: its last shutdown was not clean"
    if not _UNCLEAN.search(line.text):
        text = "the machine booted again"
    return Finding("machine_rebooted", text, strength, (fact,))


DETECTOR = Detector(
    id="kernel_boot",
    finds=("machine_rebooted",),
    detect=detect,
    needs=("log:kernel",),
)
