"""
The main thread's Python stack, read from outside while the recorder is silent.

A native call that holds the GIL (``np.repeat``, ``pickle.load``) silences the
recorder's thread, and its last look at the stacks is of an earlier line. The target is
neither stopped nor attached to: its memory is read while it runs, and what changes
meanwhile is thrown away. Done in a thread: a kernel without memory may make us wait.
"""

from __future__ import annotations

import _thread

from kerascrash.dump.clock import now_ns
from kerascrash.probes.foreign_memory import ForeignMemory
from kerascrash.probes.python_frames import TornError, read_stack

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from kerascrash.dump.watcher_writer import WatcherWriter

_SILENT_NS, _URGENT_SILENT_NS = 400_000_000, 150_000_000
"""Without a sample of the recorder's; it takes four a second, under pressure twenty."""
_LONGEST_PAUSE_NS = 2_000_000_000
_AGAIN_NS, _AGAIN_MOVING_NS = 1_000_000_000, 250_000_000
_OUTDATED_NS = 3_000_000_000
_MOVED = 1 << 20
_TORN_TRIES = 3
Place = tuple[str, int, str]


class Outside:
    """
    ``newest`` is (time_ns, [(file, line, function)] innermost first), None without.

    ``reads`` counts the times that the target was looked into, ``problem`` tells why
    that was not possible the last time.
    """

    def __init__(
        self, writer: WatcherWriter, pid: int, environment: Callable[[], dict[str, Any]]
    ) -> None:
        self.newest: tuple[int, list[Place]] | None = None
        self.about: Mapping[str, Any] = {}
        """What the recorder has told: see ``record/outside.py``."""
        self.problem = ""
        self.reads = 0
        self._writer = writer
        self._pid = pid
        self._environment = environment
        self._look_at = self._read_at = self._rss = 0
        self._busy = False

    def look(self, now: int, values: Mapping[str, int], *, urgent: bool) -> None:
        """Read the stack if the recorder is silent and it is time; never raises."""
        if now < self._look_at or self._busy:
            return
        sample = self._writer.last_sample()
        beat, told = sample or (now, {})
        if self.newest and beat - self.newest[0] > _OUTDATED_NS:
            self.newest = None  # the recorder has looked since
        paced = min(told.get("interval_us", 0) * 1500, _LONGEST_PAUSE_NS)
        patience = _URGENT_SILENT_NS if urgent else max(_SILENT_NS, paced)
        # Pressure may come meanwhile: look again when that would make a difference.
        self._look_at = max(beat, now - _URGENT_SILENT_NS // 2) + _URGENT_SILENT_NS
        if now - beat < patience:
            return
        moved = abs(values.get("rss", 0) - self._rss) > _MOVED
        if now - self._read_at < (_AGAIN_MOVING_NS if moved else _AGAIN_NS):
            return
        self._read_at, self._rss = now, values.get("rss", 0)
        self.about = self.about or self._environment().get("outside") or {}
        if not isinstance(self.about, dict) or not self.about:
            return
        self._busy = True
        try:
            _thread.start_new_thread(self._read, ())
        except RuntimeError:  # no thread to be had
            self._busy = False

    def _read(self) -> None:
        try:
            self._read_once()
        except PermissionError as error:
            self.problem = f"{error.strerror}: another process's memory may not be read"
        except (OSError, KeyError, TypeError, ValueError, AttributeError):
            pass  # it ends, or what stood there has changed meanwhile
        finally:
            self._busy = False

    def _read_once(self) -> None:
        self.reads += 1
        memory = ForeignMemory(self._pid)
        self.problem = ""
        try:
            for _ in range(_TORN_TRIES):
                begun = now_ns()
                try:
                    places = read_stack(memory, self.about["layout"])
                except TornError:
                    continue
                if places:
                    self.newest = (begun, places)
                return
        finally:
            memory.close()
