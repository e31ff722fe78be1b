"""
Observe a crash right after a pool refused memory: the operation went on without it.

oneDNN's kernels in TensorFlow 2.21 report a temporary tensor that was refused and then
use it all the same (measured on a processor with AVX-512: SIGSEGV at address 0xd in
`tf_Compute`, where another processor raises ResourceExhaustedError). The refusal is
the death, the signal its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.device_memory import exhausted_pool
from kerascrash.estimate.log_progress import went_on
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_SIGSEGV = 11
# The pool's map and the refusal are the last words of such a process; what another
# thread or the shell says may follow.
_TOLD = re.compile(r"bfc_allocator\.cc:|RESOURCE_EXHAUSTED|ResourceExhausted")
_LAST_LINES = 5


def detect(case: Case) -> Iterator[Finding]:
    """Yield that an operation went on without the memory it was refused."""
    if not isinstance(case.exit, ExitStatus) or case.exit.signal != _SIGSEGV:
        return
    pool = exhausted_pool(case)
    asked = pool.request if pool is not None and pool.failed else None
    if pool is None or asked is None or went_on(case, asked.source, asked.line):
        return
    if _lines_after(case, asked.source) > _LAST_LINES:
        return
    yield note(
        "refusal_unchecked",
        asked.source,
        f"it crashed (SIGSEGV) right after {pool.label} refused memory: the operation "
        "went on without it",
        1.0,
        asked.time,
    )


def _lines_after(case: Case, source: str) -> int:
    """Return how many lines a log has after the last that tells of the refusal."""
    lines = [line for log in case.logs if log.source == source for line in log.lines]
    told = [at for at, line in enumerate(lines) if _TOLD.search(line.text)]
    return len(lines) - 1 - told[-1] if told else 0


DETECTOR = Detector(
    id="unchecked_refusal",
    finds=("refusal_unchecked",),
    detect=detect,
)
