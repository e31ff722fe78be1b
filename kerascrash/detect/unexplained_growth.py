"""
Observe growth that nothing recorded explains: native memory, buffers, fragmentation.

It is the remainder of the ledger, so whatever the inventory missed lands here too.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.kept import steps_counted
from kerascrash.estimate.ledger import BUFFERS, REMAINDER, host_ledger
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.pipelines import holds_elements, pipeline_ops
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.4
_A_FEW = 3
_RUNTIME_SHARE = 0.6


def detect(case: Case) -> Iterator[Finding]:
    """Yield a large remainder, and a limit that the libraries alone nearly fill."""
    ledger, rise = host_ledger(case), rise_of(case)
    recording = recording_of(case)
    if ledger is None or rise is None or recording is None or rise.total <= 0:
        return
    # What a buffer may hold is a computation; here it counts as not seen.
    unseen = (REMAINDER, BUFFERS)
    remainder = sum(line.bytes for line in ledger.lines if line.name in unseen)
    share = remainder / rise.total if not _is_one_line(case) else 0.0
    # Without an inventory nothing is explained, and nothing can be concluded from it.
    if share >= _LEAST_SHARE and recording.inventory.get("entries") is not None:
        text = f"{format_bytes(remainder)} of the growth belong to nothing recorded"
        yield note("growth_unexplained", "dump:samples", text, share, bytes=remainder)
        if any(map(holds_elements, pipeline_ops(recording))):
            text = "an input pipeline was running, whose buffers are native memory"
            yield note("pipeline_running", "dump:pipelines", text, share)
    limit = cgroup_limit(case)
    if limit is not None and rise.baseline >= _RUNTIME_SHARE * limit:
        text = f"interpreter and libraries alone take {format_bytes(rise.baseline)} of "
        text += f"the {format_bytes(limit)} limit"
        yield note(
            "limit_small_for_runtime", "dump:samples", text, rise.baseline / limit
        )


def _is_one_line(case: Case) -> bool:
    """Before a few steps have run, the line at death explains what no name holds."""
    doing = line_at_death(case)
    known = doing is not None and doing.kind not in ("", "save")
    return known and steps_counted(recording_of(case)) < _A_FEW


DETECTOR = Detector(
    id="unexplained_growth",
    finds=("growth_unexplained", "pipeline_running", "limit_small_for_runtime"),
    detect=detect,
    needs=("recording",),
)
