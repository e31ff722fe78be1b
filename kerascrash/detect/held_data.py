"""
Observe data that is held or being loaded whole, and its width per element.

Data that fits easily is no trouble; what counts is its share of all that the process
grew. Sizes of arrays are nominal: pages never written to are not resident.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.dtypes import narrower_dtype
from kerascrash.estimate.kept import data_held, leaks, made_anew
from kerascrash.estimate.line_doing import LineDoing, line_at_death
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.rise import RUNNING_STAGES, Rise, rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.widened import widened_data
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.1
_MUCH = 0.25
_SOURCE = "dump:inventory"


def detect(case: Case) -> Iterator[Finding]:
    """Yield the share of data in the rise, and that of elements wider than needed."""
    rise = rise_of(case)
    if rise is None or rise.total <= 0:
        return
    recording = recording_of(case)
    refusal = refusal_in(recording) if recording is not None else None
    wanted = rise.whole + (refusal.bytes if refusal is not None else 0)
    held = data_held(case)
    total = sum(kept.bytes for kept in held)
    share = min(total / wanted, 1.0)
    if share >= _LEAST_SHARE:
        biggest = held[0].holding
        yield note(
            "data_held_whole",
            _SOURCE,
            f"`{biggest.owner}` ({biggest.kind}) and other arrays hold "
            f"{format_bytes(total)}: {share:.0%} of what the process grew",
            share,
            owner=biggest.owner,
            bytes=total,
        )
    wide = {
        kept.holding.owner: widest
        for kept in held
        if (widest := kept.holding.widest_dtype) and narrower_dtype(widest[0])
    }
    wide_bytes = sum(size for _, size in wide.values())
    if wide_bytes / rise.whole >= _LEAST_SHARE:
        owner, (dtype, size) = max(wide.items(), key=lambda item: item[1][1])
        text = f"`{owner}` is {dtype}: {format_bytes(size // 2)} less as "
        text += f"{narrower_dtype(dtype)}"
        strength = min(wide_bytes / rise.whole, 1.0)
        yield note("wide_dtype_held", _SOURCE, text, strength, owner=owner, dtype=dtype)
    yield from _widening(case, wanted)
    doing = line_at_death(case)
    if doing is None or not any(made_anew(doing.target, one) for one in leaks(case)):
        yield from _loading(doing, rise, refused=refusal is not None)


def _widening(case: Case, wanted: int) -> Iterator[Finding]:
    """Data that a line made wider than they were, where that is what did not fit."""
    widened = widened_data(case)
    if widened is None or widened.saves < _MUCH * wanted:
        return
    owner, saves = widened.holding.owner, widened.saves
    text = f"`{owner}` need not be so wide: {widened.how}; "
    text += f"{format_bytes(saves)} less without that"
    strength = min(2 * saves / wanted, 1.0)
    yield note("data_widened", _SOURCE, text, strength, owner=owner, saves=saves)


def _loading(
    doing: LineDoing | None, rise: Rise, *, refused: bool
) -> Iterator[Finding]:
    """The line that died while it made an array that no scan has seen yet."""
    if doing is None or doing.kind != "load" or rise.stage in RUNNING_STAGES:
        return
    share = min(doing.bytes / rise.whole, 1.0)
    if share < _LEAST_SHARE or doing.statement is None:
        return
    line = f"the line `{doing.statement.text[:120]}`"
    text = f"{line} was filling memory with data: "
    text += f"{format_bytes(doing.bytes)} that no name holds yet"
    if refused:
        text = f"{line} was to make an array of data"
    yield note("data_being_loaded", "dump:stacks", text, share, bytes=doing.bytes)
    narrower = narrower_dtype(doing.dtype)
    if narrower:
        text = f"what it was making is {doing.dtype}: half as much as {narrower}"
        yield note("wide_dtype_held", "dump:stacks", text, share, owner=doing.target)


DETECTOR = Detector(
    id="held_data",
    finds=(
        "data_held_whole",
        "wide_dtype_held",
        "data_widened",
        "data_being_loaded",
    ),
    detect=detect,
    needs=("recording",),
)
