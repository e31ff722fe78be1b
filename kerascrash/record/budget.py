"""
What the recorder's own thread may spend, and what it spends it on.

The budget is a share of one core: 0.5 % in healthy times, 5 % while memory is running
out, when the next second could be the last. Jobs wait until there is credit for them;
what is done once, at the start, is not counted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HEALTHY_SHARE = 0.005
PRESSED_SHARE = 0.05
_STORED_NS = 30_000_000
_LONGEST_PAUSE_S = 5.0
ONCE = float("inf")
"""``every_s`` of a job that is done once."""


class Budget:
    """Credit in ns of CPU time; grows with time, shrinks with use."""

    def __init__(self) -> None:
        self.credit_ns = float(_STORED_NS)
        self._stored_ns = float(_STORED_NS)
        self._share = HEALTHY_SHARE

    def earn(self, elapsed_ns: int, *, pressed: bool) -> None:
        """Add what ``elapsed_ns`` of time have brought."""
        self._share = PRESSED_SHARE if pressed else HEALTHY_SHARE
        earned = self.credit_ns + elapsed_ns * self._share
        self.credit_ns = min(earned, self._stored_ns)

    def spend(self, cost_ns: int) -> None:
        """Take off what was used; a debt is never deeper than the store."""
        self.credit_ns = max(self.credit_ns - cost_ns, -self._stored_ns)

    def affords(self, cost_ns: int) -> bool:
        """
        Return whether there is credit for ``cost_ns``; room to save it is made.

        What costs nothing was never done: the first time it is done even in debt, else
        a slow machine, where readings use up the credit, would never see it.
        """
        if cost_ns <= 0:
            return True
        self._stored_ns = max(self._stored_ns, 2.0 * cost_ns)
        return self.credit_ns >= cost_ns

    def pause_s(self, wanted_s: float, cost_ns: int) -> float:
        """Return how long to sleep after a reading: half the share is for the jobs."""
        return min(max(wanted_s, 2 * cost_ns / self._share / 1e9), _LONGEST_PAUSE_S)


class Job:
    """
    Done each ``every_s``; under pressure each ``pressed_s``.

    One that costs next to nothing is ``free``: it does not wait for credit. An
    ``uneven`` one is done each 0.6 to 1.4 times that: what is filled and emptied
    regularly looks like growth when it is looked at regularly.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], None],
        *,
        every_s: float,
        pressed_s: float | None = None,
        first_s: float = 0.0,
        free: bool = False,
        uneven: bool = False,
    ) -> None:
        self.name = name
        self.run = run
        self.every_s = every_s
        self.pressed_s = every_s if pressed_s is None else pressed_s
        self.first_s = first_s
        self.free = free
        self.uneven = uneven
        self.last_ns: int | None = None
        self.cost_ns = 0

    def is_due(self, now_ns: int, began_ns: int, *, pressed: bool) -> bool:
        """Return whether it is time; the first time ``first_s`` after the start."""
        if self.last_ns is None:
            return now_ns - began_ns >= self.first_s * 1e9
        every = self.pressed_s if pressed else self.every_s
        if self.uneven:  # by the microseconds: the user's random numbers are his own
            every *= 0.6 + 0.8 * (self.last_ns // 1000 * 40503 % 65536) / 65536
        return now_ns - self.last_ns >= every * 1e9
