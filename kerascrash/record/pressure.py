"""
How near the end is: the limit with the least headroom, and how fast it comes closer.

Limits known here: the cgroup level named by the probes, the host's memory and swap,
and ``RLIMIT_AS``. Memory that others take counts too: headroom is what matters.
"""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

URGENT_S = 2.0
"""The limit is this near at the present growth: every reading may be the last."""
SCARCE_SHARE = 0.2
"""Less headroom than this part of the limit, and shrinking: nearly as urgent."""
_SHRINKING_S = 600.0
_WINDOW_NS = 1_000_000_000


class Pressure:
    """The latest state; ``limit`` is 0 while no limit is known. Bytes, seconds."""

    def __init__(self) -> None:
        self.limit = 0
        self.headroom = 0
        self.which = ""
        self.growth_per_s = 0.0
        self.pressed = False
        self.address_space_limit = -1
        self._recent: deque[tuple[int, int]] = deque()

    @property
    def seconds_left(self) -> float:
        """Return when headroom ends at the present growth (infinite without any)."""
        if self.growth_per_s <= 0:
            return float("inf")
        return self.headroom / self.growth_per_s

    def update(self, values: Mapping[str, int], now_ns: int) -> None:
        """Take in the newest readings."""
        nearest = min(self._limits(values), default=None)
        if nearest is None:
            return
        headroom, limit, which = nearest
        if which != self.which:
            self._recent.clear()
        self.headroom, self.limit, self.which = headroom, limit, which
        recent = self._recent
        recent.append((now_ns, headroom))
        while len(recent) > 2 and now_ns - recent[1][0] >= _WINDOW_NS:
            recent.popleft()
        elapsed = now_ns - recent[0][0]
        shrunk = recent[0][1] - headroom
        self.growth_per_s = shrunk * 1e9 / elapsed if elapsed > 0 else 0.0
        left = self.seconds_left
        scarce = headroom < SCARCE_SHARE * limit and left < _SHRINKING_S
        self.pressed = left < URGENT_S or scarce

    def _limits(self, values: Mapping[str, int]) -> list[tuple[int, int, str]]:
        found = []
        limit = values.get("cgroup_limit", -1)
        if limit > 0 and "cgroup_headroom" in values:
            found.append((values["cgroup_headroom"], limit, "cgroup"))
        total = values.get("host_total", -1)
        if total > 0 and "host_available" in values:
            swap = max(values.get("swap_free", 0), 0)
            found.append((values["host_available"] + swap, total, "host"))
        if self.address_space_limit > 0 and "vms" in values:
            ceiling = self.address_space_limit
            found.append((ceiling - values["vms"], ceiling, "RLIMIT_AS"))
        return found
