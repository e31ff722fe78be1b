"""
Advice on an end whose very reason was found: it stands for the cause's general advice.

Each function returns nothing where the dump does not show the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerascrash.diagnose.advice_check import look_for_the_value
from kerascrash.diagnose.summary import place_text
from kerascrash.estimate.checkpoints import written_checkpoints
from kerascrash.estimate.deadlock import find_deadlock
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice
from kerascrash.units import format_bytes


def _one_order(case: Case) -> list[Advice]:
    """Locks that are taken in one order everywhere make no circle of waits."""
    waiters = find_deadlock(case)
    if not waiters:
        return []
    first = waiters[0]
    lock, held = first.waits_for, first.holds[0]
    if len(waiters) == 1:
        again = Advice(
            f"Do not take `{lock}` inside `with {lock}`, or make it a "
            "`threading.RLock()`.",
            "A `threading.Lock` waits for ever for a second time, also for its owner.",
            place=first.place,
        )
        return [again]
    other = waiters[1]
    order = Advice(
        f"Take `{held}` and `{lock}` in the same order everywhere.",
        f"`{place_text(first.place)}` holds `{held}` and wants `{lock}`; "
        f"`{place_text(other.place)}` ({other.thread}) holds `{other.holds[0]}` and "
        f"wants `{other.waits_for}`: neither can go on. Or hold one lock at a time.",
        place=first.place,
    )
    return [order]


def _make_room(case: Case) -> list[Advice]:
    """Checkpoints are what a training writes: say where, and how to keep fewer."""
    saved = written_checkpoints(case)
    if saved is None:
        return []
    folder = saved.folder
    look = (
        f"`df -h {folder}` shows what is free, `df -i {folder}` whether it ran out of "
        "inodes (files) instead."
    )
    if saved.files < 2 or saved.are_the_most is False:
        text = f"Make room in `{folder}`, where checkpoints are written."
        others = "Other files fill it. " if saved.are_the_most is False else ""
        return [Advice(text, f"{others}{look}")]
    size = f"{format_bytes(saved.bytes)} in " if saved.bytes else ""
    keep = (
        "Keep fewer checkpoints: write over one file, "
        "`ModelCheckpoint('last.keras')` without `{epoch}`, or delete old ones."
    )
    kept = f"{size}{saved.files} files were written to `{folder}`. {look}"
    return [Advice(keep, kept)]


_BY_CAUSE: Mapping[str, Callable[[Case], list[Advice]]] = {
    "hang": _one_order,
    "native_abort_check": look_for_the_value,
    "disk_full": _make_room,
}


def found_advice(case: Case, cause: str) -> list[Advice]:
    """Return what mends the reason that was found for an end, mostly nothing."""
    return _BY_CAUSE[cause](case) if cause in _BY_CAUSE else []
