"""What grew while the recorder could not look: one native call held the interpreter."""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of, value_at
from kerascrash.model.case import Case, Recording

_LONG = 2.0
"""Seconds: many times the recorder's interval, also on a busy machine."""
_LEAST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Unseen:
    """Seconds before the death in which no Python code ran, and bytes grown in them."""

    seconds: float
    bytes: int


def grown_unseen(case: Case) -> Unseen | None:
    """
    Return what grew after the recorder's last sign of life, None if that is no part.

    Its thread needs the interpreter lock. Where the watcher's readings go on and its
    own stop, the main thread was in one call that did not give the lock back (NumPy's
    indexing, ``repeat``, ``pickle``): the last stack is of what ran *before* it.
    """
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None or case.death is None:
        return None
    seen = _last_sign(recording)
    if seen is None or case.death - seen < _LONG:
        return None
    then = value_at(recording.find_series("rss"), seen)
    grown = rise.final - then if then is not None else 0
    if grown < _LEAST_SHARE * max(rise.whole, 1):
        return None
    return Unseen(case.death - seen, grown)


def _last_sign(recording: Recording) -> float | None:
    """Return when the recorder last wrote a reading, or a stack was last taken."""
    own = [s.times[-1] for s in recording.series if s.origin == "recorder" and s.times]
    stacks = recording.blob_times.get("stacks")
    return max([*own, *([stacks] if stacks is not None else [])], default=None)
