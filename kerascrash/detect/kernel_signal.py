"""
Observe a fatal signal that the kernel or its audit logged by number.

``python: potentially unexpected fatal signal 7.`` (sysctl kernel.print-fatal-signals),
``python3[312]: unhandled signal 11`` (RISC-V, PowerPC), and the audit record of an
abnormal end (type 1701, ANOM_ABEND). They tell the signal where no shell did; what the
line of a page fault tells besides is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._kernel_lines import is_ours, quote, strip_prefix
from kerascrash.model.case import Case, LogLine
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_LINES = (
    re.compile(
        r"^(?P<comm>\S[^:]{0,40}?)(?::.{0,40})?: potentially unexpected fatal signal "
        r"(?P<signal>\d+)\."
    ),
    re.compile(
        r"^(?P<comm>[^\[]{1,40})\[(?P<pid>\d+)\]: unhandled signal (?P<signal>\d+)"
    ),
    re.compile(
        r"(?:type=1701|ANOM_ABEND)\b.*?\bpid=(?P<pid>\d+) comm=\"(?P<comm>[^\"]*)\""
        r".*?\bsig=(?P<signal>\d+)"
    ),
)
_CHEAP = ("fatal signal", "unhandled signal", "1701", "ANOM_ABEND")
_FINDINGS = {
    4: "exit_sigill", 5: "exit_sigtrap", 6: "exit_sigabrt", 7: "exit_sigbus",
    8: "exit_sigfpe", 11: "exit_sigsegv", 31: "exit_sigsys",
}  # fmt: skip
_SURE = 0.9
"""Of a thread's name and number: another Python may have ended at that moment."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the signal of the process; those of other programs say nothing."""
    for log in case.logs:
        for line in log.lines:
            if any(word in line.text for word in _CHEAP):
                yield from _read(case, log.source, line)


def _read(case: Case, source: str, line: LogLine) -> Iterator[Finding]:
    message = strip_prefix(line.text)
    found = next((m for one in _LINES if (m := one.search(message))), None)
    if found is None or int(found["signal"]) not in _FINDINGS:
        return
    comm, pid = found["comm"].strip(), found.groupdict().get("pid")
    ours = is_ours(case, int(pid) if pid else None, comm, line.time)
    if ours < _SURE:
        return
    number = int(found["signal"])
    fact = quote(source, line, pid=pid, comm=comm, signal=number)
    text = f"the kernel logged that signal {number} ended {comm}"
    yield Finding(_FINDINGS[number], text, ours, (fact,))


DETECTOR = Detector(
    id="kernel_signal",
    finds=tuple(sorted(_FINDINGS.values())),
    detect=detect,
    needs=("log",),
)
