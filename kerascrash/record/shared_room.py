"""
The room of memory-backed file systems (/dev/shm, any tmpfs) while it is used up.

Who touches a shared mapping for which there is no room dies of SIGBUS without a line of
the kernel's, often within a second of the first page. So the sampler's clock is too
slow: the room is looked at between training steps as well, for 0.1 % of the time at
most (0.7 us for each file system; its reading never waits for a disk).
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from kerascrash.dump.records import EventKind
from kerascrash.record.filesystem import memory_mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.record.recorder import Recorder

_SHARE = 1000  # a look may take one part in this of the time
_MOUNTS_NS = 10_000_000_000
_MOST_MOUNTS = 16
_NARROWER = 2
_WIDER = 4
_MOST_EVENTS = 200
_EVENT_NS = 1_000_000_000


class _Place:
    """A file system: what was free at the last look, and when that was last told."""

    __slots__ = ("free", "seen_ns", "told")

    def __init__(self, free: int, now: int) -> None:
        self.free = self.told = free
        self.seen_ns = now


class SharedRoom:
    """Notes each halving of a file system's room, and when it is wide again."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._places: dict[str, _Place] = {}
        self._busy = _thread.allocate_lock()
        self._list_ns = self._due_ns = self._next_event_ns = 0
        self._events = 0

    def at_step(self, now: int) -> None:
        """Look if a look is due at ``now`` (monotonic ns); on any thread."""
        if now >= self._due_ns:
            self.look()

    def look(self) -> None:
        """Look at every file system; another thread's look in progress is enough."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            began = time.monotonic_ns()
            if began >= self._list_ns:
                self._list_ns = began + _MOUNTS_NS
                self._find_places(began)
            for path, place in self._places.items():
                self._look_at(path, place, began)
            ended = time.monotonic_ns()
            self._due_ns = ended + (ended - began) * _SHARE
        except (OSError, RuntimeError):  # unmounted meanwhile
            self._list_ns = 0
        finally:
            self._busy.release()

    def _find_places(self, now: int) -> None:
        paths = memory_mounts()[:_MOST_MOUNTS]
        known = self._places
        self._places = {
            path: known.get(path) or _Place(_room_of(path)[1], now)
            for path in paths
            if os.access(path, os.W_OK)
        }

    def _look_at(self, path: str, place: _Place, now: int) -> None:
        total, free = _room_of(path)
        before, since = place.free, now - place.seen_ns
        place.free, place.seen_ns = free, now
        narrower = free * _NARROWER <= place.told and free < place.told
        if not total or not (narrower or free >= place.told * _WIDER > 0):
            return
        place.told = max(free, 1)
        if self._events >= _MOST_EVENTS and now < self._next_event_ns:
            return  # filled and emptied all the time: the ring is for other things too
        self._events += 1
        self._next_event_ns = now + _EVENT_NS
        self._recorder.event(
            EventKind.SHARED_ROOM, path=path, total=total, free=free, before=before,
            since_us=since // 1000, own=_own_shared_bytes(),
        )  # fmt: skip


def watch_room(recorder: Recorder) -> SharedRoom | None:
    """Return what looks at the room, None where the system has no such mounts."""
    return SharedRoom(recorder) if sys.platform == "linux" else None


def _room_of(path: str) -> tuple[int, int]:
    """Return total (0: no limit) and free bytes; raises OSError."""
    facts = os.statvfs(path)
    return facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize


def _own_shared_bytes() -> int:
    """Return the shared pages that this process has mapped, -1 where unknown."""
    try:
        with open("/proc/self/status", "rb") as file:
            after = file.read(4096).partition(b"\nRssShmem:")[2].split(None, 1)
        return int(after[0]) * 1024
    except (OSError, IndexError, ValueError):
        return -1
