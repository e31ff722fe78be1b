"""
Observe by the logs alone that the worker whose loss was reported was killed for memory.

An exception names the worker by its pid (`DataLoader worker (pid 8841)`), the kernel
names whom it killed: where both are one process, the child is what took the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import quoted
from kerascrash.detect.kernel_oom import find_kills
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_WORKER = re.compile(r"\bworker (?:process )?\(?pid(?:\(s\))?[ :=]*([\d, ]{1,120})")
_PID = re.compile(r"\d{1,10}")


def detect(case: Case) -> Iterator[Finding]:
    """Yield the first worker that the kernel names as killed for memory."""
    killed = {kill.pid for kill in find_kills(case)}
    for log in case.logs:
        if log.kind == "kernel":
            continue
        for line in log.lines:
            found = _WORKER.search(line.text)
            pids = [int(pid) for pid in _PID.findall(found[1])] if found else []
            lost = next((pid for pid in pids if pid in killed), None)
            if lost is not None:
                text = f"worker process {lost}, whose loss was reported, had been "
                text += "killed by the kernel for memory"
                yield quoted("reported_worker_killed", text, log, line, worker_pid=lost)
                return


DETECTOR = Detector(
    id="worker_told",
    finds=("reported_worker_killed",),
    detect=detect,
    needs=("log:kernel",),
)
