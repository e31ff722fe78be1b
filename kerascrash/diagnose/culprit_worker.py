"""What a worker process held, from its own ring."""

from __future__ import annotations

from dataclasses import replace

from kerascrash.diagnose.culprit_code import code_culprit
from kerascrash.diagnose.culprit_memory import data_culprit, leak_culprit
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.workers import killed_for_memory, lost_workers
from kerascrash.model.case import Case, Process
from kerascrash.model.verdict import Culprit


def worker_culprit(case: Case) -> Culprit | None:
    """
    Return what the biggest worker held: of those that were lost, else of all.

    Where a loss ended the program, its own line stands in for a worker without a ring.
    """
    lost = lost_workers(case) or killed_for_memory(case)
    rings = [(one.pid, one.case) for one in lost if one.case]
    if not lost:
        rings = [
            (child.process.pid, child)
            for child in case.children
            if isinstance(child.process, Process)
        ]
    rings.sort(key=lambda ring: last_reading(ring[1]) or 0, reverse=True)
    for pid, ring in rings:
        named = leak_culprit(ring) or data_culprit(ring)
        if named is not None:
            where = f"in worker process {pid}"
            note = "; ".join(part for part in (where, named.note) if part)
            return replace(named, note=note)
    return code_culprit(case, "python_exception") if lost_workers(case) else None
