"""What a dump holds, as values for the analyzer."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kerascrash.dump.records import EventKind

if TYPE_CHECKING:
    from kerascrash.dump.layout import SectionEntry


class SampleRecord(NamedTuple):
    """Readings at one moment; a reading that was absent has no key."""

    seq: int
    time_ns: int
    values: dict[str, int]


class EventRecord(NamedTuple):
    """Something that happened; ``kind`` is a plain int where we do not know it."""

    seq: int
    time_ns: int
    kind: EventKind | int
    data: dict[str, Any]


class ProgressRecord(NamedTuple):
    """Where the training was; -1 means unknown (see ``records.PROGRESS``)."""

    seq: int
    time_ns: int
    stage: int
    epoch: int
    step: int
    step_in_epoch: int
    steps_per_epoch: int
    batch_size: int
    step_ns: int
    flags: int = 0


class BlobRecord(NamedTuple):
    """One named JSON object."""

    seq: int
    time_ns: int
    data: dict[str, Any]


class DamageNote(NamedTuple):
    """What could not be read; ``offset`` in bytes, -1 where there is no place."""

    where: str
    text: str
    offset: int = -1


@dataclass(frozen=True)
class Header:
    """
    The newest header; ``raw`` holds every key, these are the ones that were checked.

    A text that is missing is ``""``, a number -1, times 0.
    """

    raw: dict[str, Any]
    version: int
    generation: int
    sections: tuple[SectionEntry, ...] = ()

    def __getitem__(self, key: str) -> Any:
        return self.raw[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a key of the header as it was written, unchecked."""
        return self.raw.get(key, default)

    def _text(self, key: str) -> str:
        value = self.raw.get(key)
        return value if isinstance(value, str) else ""

    def _number(self, key: str, default: int = -1) -> int:
        value = self.raw.get(key)
        good = type(value) is int and -(1 << 63) <= value < 1 << 63
        return value if good and isinstance(value, int) else default

    @property
    def pid(self) -> int:
        return self._number("pid")

    @property
    def ppid(self) -> int:
        return self._number("ppid")

    @property
    def start_ticks(self) -> int:
        """Start of the process in clock ticks since boot (/proc/PID/stat, 22)."""
        return self._number("start_ticks")

    @property
    def boot_id(self) -> str:
        return self._text("boot_id")

    @property
    def comm(self) -> str:
        return self._text("comm")

    @property
    def script(self) -> str:
        return self._text("script")

    @property
    def worker(self) -> bool:
        return self.raw.get("worker") is True

    @property
    def parent_dump(self) -> str:
        return self._text("parent_dump")

    @property
    def clock(self) -> str:
        """``boottime`` or ``monotonic``: what the times of the records count."""
        return self._text("clock")

    @property
    def realtime_ns(self) -> int:
        return self._number("realtime_ns", 0)

    @property
    def monotonic_ns(self) -> int:
        return self._number("monotonic_ns", 0)

    @property
    def boottime_ns(self) -> int:
        return self._number("boottime_ns", 0)

    @property
    def state(self) -> str:
        """A value of ``records.State``; ``""`` when the header was lost."""
        return self._text("state")

    @property
    def size(self) -> int:
        """Size in bytes that the dump was made with."""
        return self._number("size")


@dataclass
class Dump:
    """Everything in a dump, sorted by sequence number, damage included."""

    path: str
    header: Header
    fine: list[SampleRecord] = field(default_factory=list)
    coarse: list[SampleRecord] = field(default_factory=list)
    watch: list[SampleRecord] = field(default_factory=list)
    device_samples: list[SampleRecord] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    progress: list[ProgressRecord] = field(default_factory=list)
    blobs: dict[str, BlobRecord] = field(default_factory=dict)
    older_blobs: dict[str, BlobRecord] = field(default_factory=dict)
    stderr: bytes = b""
    certificate: dict[str, Any] | None = None
    damage: list[DamageNote] = field(default_factory=list)
    _clock_pairs: list[tuple[int, int]] = field(default_factory=list, repr=False)

    def to_unix(self, time_ns: int) -> float:
        """
        Return a record's time as Unix seconds.

        Uses the last pair of clocks before it, so that a clock set during the run
        moves only what came after.
        """
        if not self._clock_pairs:
            self._clock_pairs = self._find_clock_pairs()
        place = bisect.bisect_right(self._clock_pairs, (time_ns, 1 << 64))
        base, realtime = self._clock_pairs[max(0, place - 1)]
        return (realtime + time_ns - base) / 1e9

    def _find_clock_pairs(self) -> list[tuple[int, int]]:
        """Return (record's clock, Unix) in ns: of the header, events, certificate."""
        boottime = self.header.clock != "monotonic"  # a lost header: Linux, likely
        start = self.header.boottime_ns if boottime else self.header.monotonic_ns
        key = "boottime_ns" if boottime else "monotonic_ns"
        pairs = [(start, self.header.realtime_ns)] if self.header.realtime_ns else []
        for event in self.events:
            if event.kind == EventKind.CLOCK:
                base, realtime = event.data.get(key), event.data.get("realtime_ns")
                if isinstance(base, int) and isinstance(realtime, int):
                    pairs.append((base, realtime))
        return sorted(pairs) or self._clocks_at_death() or [(0, 0)]

    def _clocks_at_death(self) -> list[tuple[int, int]]:
        death = (self.certificate or {}).get("death")
        if not isinstance(death, dict):
            return []
        base, realtime = death.get("boottime_ns"), death.get("realtime")
        if not isinstance(base, int) or not isinstance(realtime, (int, float)):
            return []
        try:
            return [(base, int(realtime * 1e9))]
        except (OverflowError, ValueError):  # infinity and not-a-number parse as JSON
            return []
