"""
Memory that no name holds: temporaries, an array in the making, native buffers.

Scans go on while one line allocates, so the time of the newest scan says nothing of
when the line began; what is missing in the scan does.
"""

from __future__ import annotations

from kerascrash.estimate.kept import growing
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording

_STALE_SECONDS = 5.0


def unheld_bytes(case: Case) -> int:
    """
    Return bytes beyond the baseline that no name of the newest scan holds.

    Where the scans are lost with a damaged dump, or none was ever made and the last
    look at the stacks is old as well, nothing is known of names: that is 0, not
    everything.
    """
    recording, rise = recording_of(case), rise_of(case)
    if recording is None or rise is None:
        return 0
    if not recording.inventory and (_is_lost(case) or _is_stale(case, recording)):
        return 0
    held = recording.inventory.get("total_bytes") or 0
    grown_since = sum(kept.bytes - kept.holding.bytes for kept in growing(case))
    return max(rise.total - held - grown_since, 0)


def _is_lost(case: Case) -> bool:
    """Return whether there was an inventory, in a part of the dump that is damaged."""
    return any("inventory" in f"{one.where} {one.text}" for one in case.damage)


def _is_stale(case: Case, recording: Recording) -> bool:
    """Return whether the newest look at the stacks says nothing of the last seconds."""
    looked = recording.blob_times.get("stacks")
    if looked is None or case.death is None:
        return False
    return case.death - looked > _STALE_SECONDS
