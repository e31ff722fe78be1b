"""
Observe that a kernel log is there and tells of no OOM kill.

It speaks against an OOM only when the log covers the death: several lines, not older
than the death where both times are known. A short excerpt may hide the line: weak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.model.case import Case, Log
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector

_OOM = re.compile(r"oom|out of memory|kill(?:ed)? process", re.IGNORECASE)
_ENOUGH = 3


def detect(case: Case) -> Iterator[Finding]:
    """Yield the silence, if no kernel log mentions an OOM."""
    logs = [log for log in case.logs if log.kind == "kernel"]
    if any(_OOM.search(line.text) for log in logs for line in log.lines):
        return
    for log in logs:
        if _covers(log, case.death):
            sure = 1.0 if len(log.lines) >= _ENOUGH else 0.4
            last = log.lines[-1]
            fact = Evidence(
                f"{log.source}:{last.number}",
                log.source,
                last.text,
                last.time,
                last.number,
            )
            text = f"the kernel log ({len(log.lines)} lines) tells of no OOM kill"
            yield Finding("kernel_log_without_oom", text, sure, (fact,))


def _covers(log: Log, death: float | None) -> bool:
    if not log.lines:
        return False
    times = [line.time for line in log.lines if line.time is not None]
    return death is None or not times or max(times) >= death


DETECTOR = Detector(
    id="kernel_silence",
    finds=("kernel_log_without_oom",),
    detect=detect,
    needs=("log:kernel",),
)
