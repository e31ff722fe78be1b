"""Stages as bands and epochs as ticks, from the marks of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerascrash.report.plain import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kerascrash.model.case import Mark
    from kerascrash.report.charts.window import Window

NARROW, WIDE = 240, 490
"""Width in pixels of the plot on a telephone and on a desk, for fitting labels."""
CHARACTER = 6.6
NARROWEST = 0.12
"""Per cent; bands thinner than this cannot be seen and are left out."""
MOST_BANDS = 300
SHORTEST = 0.05
"""Seconds; stages that took less in all are not worth a word."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A position in per cent and its label; ``wide`` ones show on wide pages only."""

    at: float
    label: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A stage from ``at`` for ``width`` per cent; ``fits`` says where ``name`` fits."""

    at: float
    width: float
    stage: str
    name: str
    fits: str  # "always", "wide" or "never"


def stage_bands(marks: Sequence[Mark], window: Window) -> tuple[Band, ...]:
    """Return the innermost stage at each time, as bands within the window."""
    bands = []
    for stage, begin, end in _innermost(marks, window.end):
        at, to = window.percent(begin), window.percent(end)
        name = stage_name(stage)
        if to - at >= NARROWEST:
            bands.append(Band(at, round(to - at, 2), stage, name, _fits(name, to - at)))
    return tuple(sorted(bands, key=lambda b: -b.width)[:MOST_BANDS])


def stage_name(stage: str) -> str:
    """Return what a person calls a stage."""
    return {"custom": "custom loop", "data": "loading data", "": "other"}.get(
        stage, stage
    )


def stage_durations(marks: Sequence[Mark], end: float) -> tuple[tuple[str, float], ...]:
    """Return how many seconds each stage took in all, in order of first appearance."""
    totals: dict[str, float] = {}
    for stage, begin, to in _innermost(marks, end):
        totals[stage] = totals.get(stage, 0.0) + to - begin
    return tuple(each for each in totals.items() if each[1] >= SHORTEST)


def _innermost(marks: Iterable[Mark], end: float) -> list[tuple[str, float, float]]:
    open_stages: list[str] = []
    since = 0.0
    found: list[tuple[str, float, float]] = []
    for mark in marks:
        if mark.kind not in ("stage_begin", "stage_end"):
            continue
        if open_stages and mark.time > since:
            found.append((open_stages[-1], since, mark.time))
        stage = str(mark.data.get("stage", "")).lower()
        if mark.kind == "stage_begin":
            open_stages.append(stage)
        elif stage in open_stages:
            while open_stages.pop() != stage:
                pass
        since = mark.time
    if open_stages and end > since:
        found.append((open_stages[-1], since, end))
    return found


def _fits(label: str, width: float) -> str:
    needed = 100 * (len(label) * CHARACTER + 6)
    if needed <= width * NARROW:
        return "always"
    return "wide" if needed <= width * WIDE else "never"


def epoch_ticks(marks: Sequence[Mark], window: Window) -> tuple[Tick, ...]:
    """Return where epochs began, counted from 1 as Keras prints them, not too dense."""
    begins = [
        (mark.time, whole(mark.data.get("epoch")))
        for mark in marks
        if mark.kind == "epoch_begin" and window.holds(mark.time)
    ]
    step = max(1, -(-len(begins) // 200))
    ticks: list[Tick] = []
    last_wide = last_narrow = -1e9
    for time, epoch in begins[::step]:
        at = window.percent(time)
        name = "" if epoch is None else f"epoch {epoch + 1:,}"
        room = 100 * (len(name) * CHARACTER + 14)
        fits_wide = at - last_wide >= room / WIDE and at <= 100 - room / WIDE
        fits_narrow = at - last_narrow >= room / NARROW and at <= 100 - room / NARROW
        last_wide = at if fits_wide else last_wide
        last_narrow = at if fits_wide and fits_narrow else last_narrow
        ticks.append(Tick(at, name if fits_wide else "", not fits_narrow))
    return tuple(ticks)
