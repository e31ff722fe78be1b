"""
Advice on an end whose very reason was found: it stands for the cause's general advice.

Each function returns nothing where the dump does not show the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kerascrash.diagnose.progress import progress_lost
from kerascrash.diagnose.summary import place_text
from kerascrash.estimate.deadlock import find_deadlock
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice

_COMPARED = re.compile(
    r"Check failed: (?P<left>[^\s=<>!]+(?: [-+*/] \S+)?) (?P<sign>[=!<>]=|[<>]) "
    r"(?P<right>\S.*?) ?\((?P<was>[^()\s]{1,60}) vs\. (?P<wanted>[^()\s]{1,60})\)"
)
"""glog's CHECK_EQ and its like: the expression as written, then both values."""
_CONSTANT = re.compile(r"-?\d[\w.]*|k[A-Z]\w*|nullptr|true|false")


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


def _look_for_the_value(case: Case) -> list[Advice]:
    """A check prints both sides: what is not the constant has a value it must not."""
    lines = (line.text for log in case.logs for line in reversed(log.lines))
    found = next(filter(None, map(_COMPARED.search, lines)), None)
    if found is None:
        return []
    name, value = found["left"], found["was"]
    if _CONSTANT.fullmatch(name):
        name, value = found["right"], found["wanted"]
    return [
        Advice(
            f"Find what makes `{name}` {value}: the check wants "
            f"`{found['left']} {found['sign']} {found['right']}`.",
            "An argument, a setting or a shape gave it that value; the file and line "
            "before `Check failed` say whose check it is, the lines above it what ran.",
        )
    ]


def _make_room(case: Case) -> list[Advice]:
    """Checkpoints are what a training writes: say where, and how to keep fewer."""
    saved = progress_lost(case).checkpoint
    folder = saved.rpartition("/")[0]
    if not folder:
        return []
    return [
        Advice(
            f"Make room in `{folder}`, where checkpoints are written, or write over "
            "one file: `ModelCheckpoint('last.keras')`, without `{epoch}`.",
            f"`df -h {folder}` shows what is free, `df -i {folder}` whether it ran out "
            "of inodes (files) instead.",
        )
    ]


_BY_CAUSE: Mapping[str, Callable[[Case], list[Advice]]] = {
    "hang": _one_order,
    "native_abort_check": _look_for_the_value,
    "disk_full": _make_room,
}


def found_advice(case: Case, cause: str) -> list[Advice]:
    """Return what mends the reason that was found for an end, mostly nothing."""
    return _BY_CAUSE[cause](case) if cause in _BY_CAUSE else []
