"""Observe threads that wait for each other's locks: a deadlock by its definition."""

from __future__ import annotations

import os
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.deadlock import Waiter, find_deadlock
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import line_in_words


def detect(case: Case) -> Iterator[Finding]:
    """Yield the circle of waits that the newest stacks show."""
    waiters = find_deadlock(case)
    if waiters:
        text = "; ".join(map(_said, waiters))
        locks = [one.waits_for for one in waiters]
        yield note("lock_circle", "dump:stacks", text, locks=locks)


def _said(one: Waiter) -> str:
    where = line_in_words(os.path.basename(one.place.file), one.place.line)
    holds = ", ".join(f"`{lock}`" for lock in one.holds)
    return f"{one.thread} holds {holds} and waits for `{one.waits_for}` ({where})"


DETECTOR = Detector(
    id="lock_circle", finds=("lock_circle",), detect=detect, needs=("recording",)
)
