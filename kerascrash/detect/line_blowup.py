"""
Observe one line of the user's code whose result or temporaries blew up.

Only memory that no name holds counts, outside Keras' own runs and outside loading;
what the line had finished before is held, and not here.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.dtypes import narrower_dtype
from kerascrash.estimate.graphs_kept import graphs_kept
from kerascrash.estimate.holdings import holdings_of
from kerascrash.estimate.kept import steps_counted
from kerascrash.estimate.line_doing import LineDoing, line_at_death
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.rise import Rise, rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unseen import Unseen, grown_unseen
from kerascrash.estimate.workers import lost_workers
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes, format_seconds

_LEAST_SHARE = 0.3
_LEAST_BYTES = 16 << 20
_BLOWN_UP = 3
"""Times the biggest thing held that a refused result must be to be none of data."""
_A_FEW = 3
_AFTER_STEPS = 0.5
"""A line that has run before rather leaks what no name shows."""
_UNSEEN = 0.5
"""Before a scan has found anything, what names hold is in the rise as well."""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the line's growth, and the size of an allocation that was refused."""
    doing, rise = line_at_death(case), rise_of(case)
    if lost_workers(case):  # the line only learned of it
        doing = None
    unseen = grown_unseen(case)
    if unseen is not None and rise is not None:
        yield _after(unseen, doing, rise)
    elif doing is not None and rise is not None and rise.total > 0 and doing.statement:
        share = doing.bytes / rise.whole
        ran_before = steps_counted(recording_of(case)) >= _A_FEW
        if ran_before or graphs_kept(case) is not None:
            share *= _AFTER_STEPS
        if not _was_looked_at(recording_of(case)):
            share *= _UNSEEN
        much = doing.bytes >= _LEAST_BYTES
        if doing.kind == "op" and much and share >= _LEAST_SHARE:
            line = doing.statement.text[:120]
            text = f"`{line}` took {format_bytes(doing.bytes)} in one go"
            yield note(
                "one_line_blew_up", "dump:stacks", text, share, bytes=doing.bytes
            )
    recording = recording_of(case)
    if recording is not None:
        grown = rise.total if rise is not None else 0
        yield from _refused(recording, grown, of_op=_is_of_op(recording, doing))


def _after(unseen: Unseen, doing: LineDoing | None, rise: Rise) -> Finding:
    """One call kept the interpreter to itself: only the line before it is known."""
    text = f"one call took {format_bytes(unseen.bytes)} in "
    text += f"{format_seconds(unseen.seconds)} and kept the interpreter to itself"
    if doing is not None and doing.statement:
        text += f"; it came after `{doing.statement.text[:120]}`"
    share = min(unseen.bytes / rise.whole, 1.0)
    return note("one_line_blew_up", "dump:samples", text, share, bytes=unseen.bytes)


def _was_looked_at(recording: Recording | None) -> bool:
    inventory = recording.inventory if recording else {}
    return bool(inventory.get("entries")) or inventory.get("complete") is not False


def _is_of_op(recording: Recording, doing: LineDoing | None) -> bool:
    """Tell whether what was refused is far larger than all that the line had."""
    refusal = refusal_in(recording)
    if refusal is None or doing is None or doing.kind != "op":
        return False
    biggest = max((one.bytes for one in holdings_of(recording)), default=0)
    return refusal.bytes >= _BLOWN_UP * biggest


def _refused(recording: Recording, grown: int, *, of_op: bool) -> Iterator[Finding]:
    """What was refused, as a share of all that the process had wanted by then."""
    refusal = refusal_in(recording)
    if refusal is None:
        return
    shape, dtype, time = refusal.shape, refusal.dtype, refusal.mark.time
    text = (
        f"an array of {format_bytes(refusal.bytes)} was refused: shape {shape}, {dtype}"
    )
    data = {"bytes": refusal.bytes, "shape": shape, "dtype": dtype}
    share = refusal.bytes / max(grown + refusal.bytes, 1)
    yield note("allocation_refused", "dump:events", text, share, time, **data)
    if of_op:
        text = f"its operands are far smaller than the {format_bytes(refusal.bytes)} "
        text += "that the line was to make"
        yield note("one_line_blew_up", "dump:events", text, share, time, **data)
    if narrower_dtype(dtype):
        yield note("wide_dtype_held", "dump:events", text, share / 2, time, **data)


DETECTOR = Detector(
    id="line_blowup",
    finds=("one_line_blew_up", "allocation_refused", "wide_dtype_held"),
    detect=detect,
    needs=("recording",),
)
