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
from kerascrash.estimate.kept import steps_counted
from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.3
_LEAST_BYTES = 16 << 20
_A_FEW, _AFTER_STEPS = (
    3,
    0.5,
)  # a line that has run before rather leaks what no name shows


def detect(case: Case) -> Iterator[Finding]:
    """Yield the line's growth, and the size of an allocation that was refused."""
    doing, rise = line_at_death(case), rise_of(case)
    if doing is not None and rise is not None and rise.total > 0 and doing.statement:
        share = doing.bytes / rise.total
        ran_before = steps_counted(recording_of(case)) >= _A_FEW
        if ran_before or graphs_kept(case) is not None:
            share *= _AFTER_STEPS
        much = doing.bytes >= _LEAST_BYTES
        if doing.kind == "op" and much and share >= _LEAST_SHARE:
            line = doing.statement.text[:120]
            text = f"`{line}` took {format_bytes(doing.bytes)} in one go"
            yield note(
                "one_line_blew_up", "dump:stacks", text, share, bytes=doing.bytes
            )
    recording = recording_of(case)
    if recording is not None:
        yield from _refused(recording)


def _refused(recording: Recording) -> Iterator[Finding]:
    refusal = refusal_in(recording)
    if refusal is None:
        return
    shape, dtype, time = refusal.shape, refusal.dtype, refusal.mark.time
    text = (
        f"an array of {format_bytes(refusal.bytes)} was refused: shape {shape}, {dtype}"
    )
    data = {"bytes": refusal.bytes, "shape": shape, "dtype": dtype}
    yield note("allocation_refused", "dump:events", text, 1.0, time, **data)
    if narrower_dtype(dtype):
        yield note("wide_dtype_held", "dump:events", text, 0.5, time, **data)


DETECTOR = Detector(
    id="line_blowup",
    finds=("one_line_blew_up", "allocation_refused", "wide_dtype_held"),
    detect=detect,
    needs=("recording",),
)
