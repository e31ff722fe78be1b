"""What a holding had become by the time of death, from its last scan and the RSS."""

from __future__ import annotations

from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.resident import resident_at_death, runtime_baseline
from kerascrash.estimate.timeline import recording_of, value_at
from kerascrash.model.case import Case, Recording
from kerascrash.units import format_bytes, format_seconds

_NEGLIGIBLE = 0.02


def _share_of_rise(recording: Recording, holding: Holding) -> float:
    """
    Return which part of the rise in resident bytes was this holding's, 0…1.

    Compared over the time between its first and last scan; with fewer than three scans
    there is nothing to compare and the whole rise is taken to be the holding's.
    """
    rss = recording.find_series("rss")
    if len(holding.history) < 3 or rss is None:
        return 1.0
    (_, first, small), (_, last, large) = holding.history[0], holding.history[-1]
    before, after = value_at(rss, first), value_at(rss, last)
    if before is None or after is None or after <= before:
        return 1.0
    return min(max((large - small) / (after - before), 0.0), 1.0)


def rise_since_scan(case: Case) -> tuple[int, float]:
    """Return (bytes grown since the newest inventory, its age in seconds)."""
    recording = recording_of(case)
    final = resident_at_death(case)
    scanned = recording.blob_times.get("inventory") if recording else None
    if recording is None or final is None or scanned is None:
        return 0, 0.0
    then = value_at(recording.find_series("rss"), scanned)
    end = case.death or recording.last_sample or scanned
    return final.bytes - (then if then is not None else final.bytes), end - scanned


def bytes_at_death(case: Case, holding: Holding) -> tuple[int, str]:
    """
    Return (bytes at death, how that is known).

    What was scanned is scaled by what the process grew afterwards; a container's size
    stays a whole number of its elements.
    """
    recording = recording_of(case)
    rise, age = rise_since_scan(case)
    if recording is None or rise <= _NEGLIGIBLE * max(holding.bytes, 1):
        return holding.bytes, ""
    grown = int(rise * _share_of_rise(recording, holding))
    # JAX counts an array before its memory is touched: that rise was scanned already.
    grown = min(grown, _room(case, recording, holding))
    if grown <= 0:
        return holding.bytes, ""
    if holding.is_container and holding.element_bytes > 0:
        grown -= grown % holding.element_bytes
    elif not holding.is_container:
        grown = min(grown, _at_own_pace(holding, age))
        if grown <= 0:
            return holding.bytes, ""
    note = (
        f"last counted {format_seconds(age)} before the death at "
        f"{format_bytes(holding.bytes)}; extrapolated by what the process grew since"
    )
    return holding.bytes + grown, note


def _at_own_pace(holding: Holding, seconds: float) -> int:
    """
    Return what an array grew in that time if it went on as between its scans.

    An array that grows is made anew (``np.vstack``): for a moment the process holds the
    old one, the new one and what is added, and only one of them is the owner's.
    """
    if len(holding.history) < 2:
        return 0
    (_, first, small), (_, last, large) = holding.history[0], holding.history[-1]
    if last <= first or large <= small:
        return 0
    return int((large - small) / (last - first) * seconds)


def _room(case: Case, recording: Recording, holding: Holding) -> int:
    """Return what the process grew in all beyond what the holding had at its scan."""
    final = resident_at_death(case)
    if final is None:
        return 0
    return final.bytes - (runtime_baseline(recording) or 0) - holding.bytes


def growth_seen(holding: Holding) -> float | None:
    """Return growth in bytes per step: as recorded, else from the scans' own steps."""
    if holding.growth_per_step is not None:
        return holding.growth_per_step
    steps = [(step, size) for step, _, size in holding.history if step is not None]
    if len(steps) < 2 or steps[-1][0] <= steps[0][0] or steps[0][0] < 0:
        return None
    return (steps[-1][1] - steps[0][1]) / (steps[-1][0] - steps[0][0])
