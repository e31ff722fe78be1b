"""The names of one plane, and what they mean; built once for all its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kerascrash.collect.xplane.memory_events import ALLOCATION, DEALLOCATION


@dataclass(slots=True, eq=False)
class PlaneNames:
    """
    ``memory`` maps metadata ids of memory events to whether they free, ``signs`` those
    of events that may be steps to their rank (None: looked at, and no sign), ``first``
    those that came once so far to (line, begin in ps, duration in ps).
    """

    plane: str
    events: Mapping[int, str]
    stats: Mapping[int, str]
    memory: dict[int, bool] = field(init=False)
    signs: dict[int, int | None] = field(default_factory=dict)
    first: dict[int, tuple[str, int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.memory = {
            key: name == DEALLOCATION
            for key, name in self.events.items()
            if name in (ALLOCATION, DEALLOCATION)
        }

    def stat_ids(self, *names: str) -> dict[int, str]:
        """Return the metadata ids of these statistics, where the plane has them."""
        return {key: name for key, name in self.stats.items() if name in names}
