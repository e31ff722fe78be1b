"""How often to look: seldom in calm, a hundred times a second near a limit."""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping

CALM_S = 0.1
TIGHT_S = 0.025
FAST_S = 0.01
SHORT_OF_TIME_S = 2.0
"""Memory grows at up to 5 GB/s: seconds to the limit below which every look counts."""
LOW_HEADROOM = 0.20
_HOLD_NS = 1_000_000_000
_WINDOW_NS = 500_000_000
_QUIET_NS = 10_000_000_000
_NOISE = 0.005


class Pace:
    """
    The clock of the samples, set by headroom and growth.

    ``FAST_S`` while the limit is less than two seconds away or headroom is under a
    fifth of it. A job that stays near its limit for ten seconds without coming closer
    is looked at every ``TIGHT_S``, so that a full week there costs no core's percent.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()
        self._fast_until = 0
        self._lowest = -1
        self._lowest_at = 0

    def next_interval(self, now_ns: int, values: Mapping[str, int]) -> float:
        """Return the seconds to wait after a sample taken at ``now_ns``."""
        room = find_room(values)
        if room is None:
            return CALM_S
        headroom, limit = room
        shrinking = self._measure(now_ns, headroom)
        low = headroom < limit * LOW_HEADROOM
        if shrinking * SHORT_OF_TIME_S > headroom:
            self.wake(now_ns)
        if self._lowest < 0 or abs(headroom - self._lowest) > limit * _NOISE:
            self._lowest, self._lowest_at = headroom, now_ns
        if now_ns < self._fast_until:
            return FAST_S
        if low:
            return FAST_S if now_ns - self._lowest_at < _QUIET_NS else TIGHT_S
        return CALM_S

    def wake(self, now_ns: int) -> None:
        """Something says that memory is short: look closely for a second."""
        self._fast_until = now_ns + _HOLD_NS

    def _measure(self, now_ns: int, headroom: int) -> float:
        """Return how fast headroom shrinks in bytes per second, 0 if it does not."""
        seen = self._seen
        fastest = 0.0
        for then, before in (seen[-1], seen[0]) if seen else ():
            if now_ns > then:
                fastest = max(fastest, (before - headroom) * 1e9 / (now_ns - then))
        seen.append((now_ns, headroom))
        while seen[0][0] < now_ns - _WINDOW_NS:
            seen.popleft()
        return fastest


def find_room(values: Mapping[str, int]) -> tuple[int, int] | None:
    """Return (headroom, limit) of the tighter of cgroup and machine, in bytes."""
    rooms = [
        (values[room], values[limit])
        for room, limit in (
            ("cgroup_headroom", "cgroup_limit"),
            ("host_available", "host_total"),
        )
        if values.get(room, -1) >= 0 and values.get(limit, -1) > 0
    ]
    return min(rooms, default=None)
