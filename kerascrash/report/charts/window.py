"""A stretch of time that a chart shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` to ``end`` in Unix seconds; ``end`` is later."""

    start: float
    end: float

    @property
    def span(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def holds(self, time: float) -> bool:
        """Return whether that time is shown."""
        return self.start <= time <= self.end

    def percent(self, time: float) -> float:
        """Return the position of a time along the axis, 0…100, clipped."""
        share = 100 * (time - self.start) / self.span
        return round(min(100.0, max(0.0, share)), 2)
