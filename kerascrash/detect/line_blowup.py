"""
Observe one line of the user's code whose result or temporaries blew up.

Only growth since the last scan counts, outside Keras' own runs and outside loading;
what the line had finished before shows up as held, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.kept import leaks
from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes, parse_bytes

_LEAST_SHARE = 0.3
_REFUSED = re.compile(
    r"Unable to allocate (?P<size>[\d.]+ [KMGTP]?i?B) for an array with shape "
    r"(?P<shape>\([^)]*\)) and data type (?P<dtype>\w+)"
)


def detect(case: Case) -> Iterator[Finding]:
    """Yield the line's growth, and the size of an allocation that was refused."""
    doing, rise = line_at_death(case), rise_of(case)
    if doing is not None and rise is not None and rise.total > 0 and doing.statement:
        leaked = sum(kept.bytes - kept.holding.bytes for kept in leaks(case))
        share = (doing.bytes - leaked) / rise.total
        if doing.kind == "op" and share >= _LEAST_SHARE:
            line = doing.statement.text[:120]
            text = f"`{line}` took {format_bytes(doing.bytes)} in one go"
            yield note(
                "one_line_blew_up", "dump:stacks", text, share, bytes=doing.bytes
            )
    recording = recording_of(case)
    if recording is not None:
        yield from _refused(recording)


def _refused(recording: Recording) -> Iterator[Finding]:
    for mark in recording.marks:
        match = _REFUSED.search(str(mark.data.get("message") or ""))
        if mark.kind != "exception" or match is None:
            continue
        shape, dtype = match["shape"], match["dtype"]
        text = f"an array of {match['size']} was refused: shape {shape}, {dtype}"
        data = {"bytes": parse_bytes(match["size"]), "shape": shape, "dtype": dtype}
        yield note("allocation_refused", "dump:events", text, 1.0, mark.time, **data)
        if dtype in ("float64", "int64", "complex128"):
            yield note("wide_dtype_held", "dump:events", text, 0.5, mark.time, **data)


DETECTOR = Detector(
    id="line_blowup",
    finds=("one_line_blew_up", "allocation_refused", "wide_dtype_held"),
    detect=detect,
    needs=("recording",),
)
