"""What a worker process held, from its own ring."""

from __future__ import annotations

import os
from dataclasses import replace

from kerascrash.diagnose.culprit_code import code_culprit
from kerascrash.diagnose.culprit_memory import data_culprit, leak_culprit
from kerascrash.estimate.pipelines import pipeline_ops
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.workers import killed_for_memory, lost_workers
from kerascrash.model.case import Case, Process
from kerascrash.model.verdict import Culprit
from kerascrash.units import line_in_words


def worker_culprit(case: Case) -> Culprit | None:
    """
    Return what the biggest worker held: of those that were lost, else of all.

    A forked worker has no ring: what its loader has it run stands in for it, else the
    line that learned of a loss.
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
    named = loader_culprit(case)
    return named or (
        code_culprit(case, "python_exception") if lost_workers(case) else None
    )


def loader_culprit(case: Case) -> Culprit | None:
    """Return what the workers of a data loader run, where there is one such loader."""
    ops = [op for row in pipeline_ops(recording_of(case)) for op in row]
    ops = [op for op in ops if op.processes and op.workers and op.work_place]
    if len({op.work for op in ops}) != 1:
        return None
    op, lost = ops[-1], lost_workers(case)
    pids = ", ".join(str(one.pid) for one in lost)
    where = f"in worker process {pids}" if lost else f"in {op.workers:,} workers"
    if op.place is not None:
        made = line_in_words(os.path.basename(op.place.file), op.place.line)
        where += f" of the loader made at {made}"
    return Culprit(op.work, "what the workers run", None, None, op.work_place, where)
