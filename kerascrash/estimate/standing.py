"""
Whether what was seen to grow has stopped: full caches, buffers, tables of words.

Two witnesses that need no further look at the object itself, so that a machine too busy
to look often does not make a leak of them: the pauses between its rises so far, and the
memory of the whole process, which no leak of this size leaves level.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording

_RECENT = 10
"""The recorder keeps so many of the newest points; older ones are thinned out."""
_LONGER, _TRIFLE = 2.0, 0.001
_SHOWS_FROM = 8 << 20
_LEVEL = 0.15
_LOOKS = 5
_READINGS = 8
_HALF, _FALLS = 0.5, 2
_HOST = "host"


def has_paused(holding: Holding) -> bool:
    """Tell whether it has not risen for far longer than between its rises before."""
    for rows in (holding.history[-_RECENT:], holding.history):
        pauses = _pauses([(_clock(row), row[2]) for row in rows])
        if len(pauses) > 1:
            return pauses[-1] > _LONGER * max(pauses[:-1])
    return False


def _pauses(points: list[tuple[float | None, int]]) -> list[float]:
    """Return the pauses between rises, the last one up to now; trifles are none."""
    if not points:
        return []
    last, high = points[0]
    pauses = []
    for at, size in points:
        if at is None or last is None:
            return []
        if size > high * (1 + _TRIFLE):
            pauses.append(at - last)
            last, high = at, size
    now = points[-1][0]
    return [*pauses, now - last] if now is not None and last is not None else []


def _clock(row: tuple[int | None, float, int]) -> float | None:
    """Return the step of a point; its time before the first step and without steps."""
    return float(row[0]) if row[0] is not None and row[0] >= 0 else None


def process_stayed_level(case: Case, holding: Holding) -> bool:
    """
    Tell whether the process did not grow while this is said to have.

    False where that cannot be told: the growth is small, on another device, or hidden
    by memory that was given back. Virtual memory counts as well: what was asked for and
    never written to is not resident.
    """
    recording, rows = recording_of(case), holding.history
    if recording is None or len(rows) < 2 or holding.device != _HOST:
        return False
    grown = max(size for _, _, size in rows) - rows[0][2]
    if grown < _SHOWS_FROM:
        return False
    span = (rows[0][1], _half_grown(holding), _last_moved(recording, holding))
    emptied = _is_emptied_again([size for _, _, size in rows])
    return all(
        _is_level(recording, name, span, grown, emptied=emptied)
        for name in ("rss", "vms")
    )


def _last_moved(recording: Recording, holding: Holding) -> float:
    """
    Return when the last step began, infinity where none was counted.

    At its limit a cgroup may keep a process waiting for minutes before the kernel kills
    it; a leak does not grow meanwhile, and was none the less.
    """
    step, time = (recording.progress.get(name) for name in ("step", "time"))
    if not isinstance(step, int) or step < 1 or not isinstance(time, (int, float)):
        return math.inf
    return max(float(time), holding.history[-1][1])


def _is_emptied_again(sizes: list[int]) -> bool:
    """Tell whether it was seen to lose half and more several times."""
    falls = sum(after < _HALF * before for before, after in pairwise(sizes))
    return falls >= _FALLS


def _half_grown(holding: Holding) -> float:
    """
    Return when half of the growth was still to come, by the last look that shows it.

    What began to grow late has not raised the low points of the later half of the time.
    Only where it rose at each of several looks since and was never seen smaller: of
    five looks at a saw-tooth one in a hundred and twenty sees that.
    """
    rows = holding.history
    half = (rows[0][2] + max(size for _, _, size in rows)) / 2
    first = next(at for at, row in enumerate(rows) if row[2] >= half)
    since = rows[max(first - 1, 0) :]
    rising = all(after[2] > before[2] for before, after in pairwise(since))
    rising &= all(after[2] >= before[2] for before, after in pairwise(rows))
    return since[0][1] if rising and len(since) >= _LOOKS else rows[0][1]


def _is_level(
    recording: Recording,
    name: str,
    span: tuple[float, float, float],
    grown: int,
    *,
    emptied: bool,
) -> bool:
    """
    Tell whether readings of the second half of the time are like those of the first.

    Only of a series that covers all of it: the watcher's tells of the last minutes. The
    low points of what is ``emptied`` now and then are those after it was first filled.
    """
    began, half_grown, end = span
    for series in recording.series:
        if series.name != name or not series.times or series.times[0] > began:
            continue
        pairs = zip(series.times, series.values, strict=True)
        rows = [(time, value) for time, value in pairs if began <= time <= end]
        middle = (began + min(series.times[-1], end)) / 2
        if sum(time >= half_grown for time, _ in rows) >= _READINGS:
            middle = max(middle, half_grown)
        early = [value for time, value in rows if time < middle]
        late = [value for time, value in rows if time >= middle]
        if min(len(early), len(late)) >= _READINGS:
            # Of what is filled and emptied the low points are as low as before.
            rises = [median(late) - median(early), min(late) - min(early)]
            if emptied:  # half as long apart, so half the rise counts for as much
                risen = min(late) - min(early[len(early) // 2 :])
                rises.append(max(risen, 2 * risen))
            return min(map(abs, rises)) < _LEVEL * grown
    return False
