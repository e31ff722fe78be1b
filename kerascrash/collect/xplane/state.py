"""What is known while a trace is read."""

from __future__ import annotations

from kerascrash.collect.xplane.events import EventReader
from kerascrash.collect.xplane.source import Source

MOST_EVENT_BYTES = 1 << 30
MOST_SEARCHED = 24 << 20


class State:
    """
    What is known so far.

    ``flaws`` are ranges that structure did not lead through, ``left`` how many bytes of
    them may still be searched, ``events_left`` how many bytes of events read.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.reader = EventReader()
        self.planes: list[str] = []
        self.devices: dict[str, int] = {}
        self.begin_ns = 0
        self.end_ns = 0
        self.flaws: list[tuple[int, int]] = []
        self.salvaged = False
        self.left = MOST_SEARCHED
        self.events_left = MOST_EVENT_BYTES
