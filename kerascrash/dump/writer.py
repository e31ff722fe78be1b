"""
The recorder's side of a dump: every call is cheap, lock-free and never raises.

Only the process that created the dump writes: a forked child has the mapping too,
and every call there does nothing.
"""

from __future__ import annotations

import os

from kerascrash.dump.allocation import create_mapped, unmap
from kerascrash.dump.clock import clock_stamps, now_ns
from kerascrash.dump.codec import compress_json, encode_json
from kerascrash.dump.geometry import is_stored, plan_sections
from kerascrash.dump.header import HeaderWriter, new_header
from kerascrash.dump.layout import DEFAULT_SIZE, FLAG_ZLIB, MAX_EVENT, Section
from kerascrash.dump.records import PROGRESS, EventKind, State
from kerascrash.dump.ring import Ring, max_parts
from kerascrash.dump.samples import SamplePacker
from kerascrash.dump.shorten import shorten_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Mapping
    from typing import Any

COARSE_INTERVAL_NS = 1_000_000_000


def create_dump(
    path: str | os.PathLike[str],
    *,
    size: int = DEFAULT_SIZE,
    identity: dict[str, Any] | None = None,
) -> DumpWriter:
    """
    Create a dump of ``size`` bytes and return its writer.

    ``identity`` goes into the header: pid, ppid, start_ticks, boot_id, comm, script,
    worker, parent_dump. Raises OSError when the file cannot be made (nothing is left
    behind then) and ValueError for a size that is none.
    """
    sections = plan_sections(size)
    name = os.path.abspath(os.fspath(path))
    header = new_header(identity or {}, size, sections)
    mapping = create_mapped(name, size)
    return DumpWriter(name, mapping, header)


class DumpWriter:
    """
    Writes the recorder's sections of one dump, from any thread.

    ``dropped`` counts the records that could not be written.
    """

    now_ns = staticmethod(now_ns)

    def __init__(self, path: str, mapping: mmap.mmap, header: dict[str, Any]) -> None:
        self.path = path
        self.dropped = 0
        self._pid = os.getpid()
        self._map = mapping
        self._open = True
        self._header = HeaderWriter(mapping, header)
        self._header.write()
        self._header.write()  # both superblocks are good from the first moment
        sections = plan_sections(len(mapping))
        rings = {(s.section, s.name): Ring(mapping, s) for s in sections}
        self._fine = rings[Section.FINE, ""]
        self._coarse = rings[Section.COARSE, ""]
        self._events = rings[Section.EVENTS, ""]
        self._progress = rings[Section.PROGRESS, ""]
        self._blobs = {name: r for (s, name), r in rings.items() if s == Section.BLOB}
        self._pack = SamplePacker(self._fine.entry.fields).pack
        parts = max_parts(self._events.entry)
        self._longest_event = min(MAX_EVENT, self._events.room * parts)
        self._coarse_due = 0

    def sample(self, values: Mapping[str, int]) -> None:
        """Record readings by name; only ``records.RECORDER_FIELDS`` are kept."""
        if not self._may_write():
            return
        try:
            now = now_ns()
            payload = self._pack(values)
            self._fine.put(now, payload)
            if now >= self._coarse_due:
                self._put_coarse(now, payload)
        except Exception:
            self.dropped += 1

    def _put_coarse(self, now: int, payload: bytes) -> None:
        # Drift-free while samples come often enough, one interval from now otherwise.
        due = self._coarse_due + COARSE_INTERVAL_NS
        self._coarse_due = due if due > now else now + COARSE_INTERVAL_NS
        sequence = self._coarse.draw()
        if is_stored(self._coarse.entry, sequence):
            self._coarse.put_at(sequence, now, payload)

    def event(self, kind: EventKind, data: dict[str, Any]) -> None:
        """Record what happened; a long record is spread over slots, then shortened."""
        if not self._may_write():
            return
        try:
            text = encode_json(data)
            ring = self._events
            if len(text) <= ring.room:
                ring.put(now_ns(), text, kind)
                return
            if len(text) > self._longest_event:
                text = shorten_json(data, self._longest_event)
            ring.put_long(now_ns(), text, kind)
        except Exception:
            self.dropped += 1

    def progress(
        self,
        stage: int,
        epoch: int,
        step: int,
        step_in_epoch: int,
        steps_per_epoch: int,
        batch_size: int,
        step_ns: int,
        flags: int = 0,
    ) -> None:
        """Record where the training is; arguments as in ``records.PROGRESS``."""
        if not self._open or os.getpid() != self._pid:  # _may_write: at each step
            return
        try:
            payload = PROGRESS.pack(
                stage,
                flags,
                epoch,
                step,
                step_in_epoch,
                steps_per_epoch,
                batch_size,
                step_ns,
            )
            self._progress.put(now_ns(), payload)
        except Exception:
            self.dropped += 1

    def blob(self, name: str, obj: dict[str, Any]) -> bool:
        """
        Replace the older of the two copies of blob ``name``.

        Returns False, and leaves both copies alone, when the object is too big once
        compressed (see ``blob_room``) or is no JSON: the caller may trim and try again.
        """
        if not self._may_write():
            return False
        try:
            ring = self._blobs[name]
            packed = compress_json(obj, ring.room)
            if packed is None:
                return False
            ring.put(now_ns(), packed, flags=FLAG_ZLIB)
        except Exception:
            self.dropped += 1
            return False
        return True

    def blob_room(self, name: str) -> int:
        """Return how many compressed bytes blob ``name`` may have (0: no such blob)."""
        ring = self._blobs.get(name)
        return ring.room if ring else 0

    def clock(self) -> None:
        """Record the clocks together (once a minute), so that stamps become times."""
        self.event(EventKind.CLOCK, clock_stamps())

    def set_state(self, state: State) -> None:
        """Write ``state`` into the header."""
        if not self._may_write():
            return
        try:
            self._header.write(state=state.value)
        except Exception:
            self.dropped += 1

    def close(self) -> None:
        """Stop writing and unmap the file (which stays); may be called twice."""
        if not self._may_write():
            return
        self._open = False
        unmap(self._map)

    def _may_write(self) -> bool:
        return self._open and os.getpid() == self._pid
