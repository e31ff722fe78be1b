"""Everything that is read of a live target, and kept ready for its certificate."""

from __future__ import annotations

import os

from kerascrash.dump.clock import now_ns
from kerascrash.probes import open_probes
from kerascrash.probes.oom_counters import OomCounters
from kerascrash.watch.descendants import Descendants
from kerascrash.watch.devices import Devices
from kerascrash.watch.kernel_log import KernelLog
from kerascrash.watch.neighbours import Neighbours
from kerascrash.watch.outside import Outside
from kerascrash.watch.pace import FAST_S, Pace
from kerascrash.watch.stderr_captured import CapturedStderr
from kerascrash.watch.stderr_tail import StderrTail
from kerascrash.watch.sync_thread import SyncThread
from kerascrash.watch.target import Target
from kerascrash.watch.wakers import Wakers
from kerascrash.watch.workers import Workers

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.dump.watcher_writer import WatcherWriter

SECOND_NS = 1_000_000_000


class Observer:
    """
    Samples one target into its dump; ``step`` is called whenever it asks to be.

    Does not know how it is driven: the companion process and the supervisor of
    ``kerascrash run`` both do.
    """

    def __init__(self, writer: WatcherWriter) -> None:
        self.writer = writer
        self._identity = _identify(writer.path)
        self.target = Target(writer.header())
        pid = self.target.pid
        self.probes = open_probes(pid)
        self.counters = OomCounters(pid)
        self.counters_before = self.counters.read()
        self.counters_last = self.counters_before
        self.kernel = KernelLog()
        self.neighbours = Neighbours(pid)
        self.descendants = Descendants(pid)
        self.workers = Workers(writer.path)
        self.devices = Devices(writer, pid)
        self.stderr = StderrTail(pid)
        self.captured = CapturedStderr(writer.path, pid)
        self.wakers = Wakers(self.counters.event_files)
        self.pace = Pace()
        self.outside = Outside(writer, pid, self.environment)
        self.last_sample: tuple[int, dict[str, int]] | None = None
        self.dying_since = 0
        self._interval_s = 0.0
        self._second_due = 0
        # Last, as it shows the outside that we are ready.
        self.sync = SyncThread(writer)

    def step(self) -> float:
        """Take a sample, do once a second what is due, return the seconds to wait."""
        begin = now_ns()
        self.sample(begin)
        self.captured.look()
        if begin >= self._second_due:
            self._second_due = begin + SECOND_NS
            self._each_second()
        spent = (now_ns() - begin) / 1e9
        return max(self._interval_s - spent, 0.0)

    def sample(self, now: int) -> None:
        """Read the target once; what a dying process no longer tells is not kept."""
        values = self.probes.read()
        state = self.target.read_state()
        if "rss" not in values or state in b"ZX":
            # Its memory is being freed: that can take longer than the death itself.
            self.dying_since = self.dying_since or now
            return
        self._interval_s = self.pace.next_interval(now, values)
        values["state"] = state[0]
        values["interval_us"] = round(self._interval_s * 1e6)
        self.writer.watch(values)
        self.last_sample = (now, values)
        self.descendants.glance()
        is_urgent = self._interval_s == FAST_S
        self.outside.look(now, values, urgent=is_urgent)
        if is_urgent:
            self.neighbours.look(now)

    def wake(self, fd: int) -> None:
        """A waker fired: memory is short, or was a moment ago."""
        self.wakers.acknowledge(fd)
        self.pace.wake(now_ns())

    def dump_exists(self) -> bool:
        """Tell whether the dump is still the file that we write."""
        present = _identify(self.writer.path)
        return present is not None and present == self._identity

    def _each_second(self) -> None:
        self.kernel.follow()
        self.descendants.look()
        self.workers.look()
        self.devices.look()
        self.counters_last = merge_counters(self.counters_last, self.counters.read())
        self.sync.push()

    def environment(self) -> dict[str, Any]:
        """Return what the recorder wrote of the environment, or nothing."""
        try:
            return self.writer.blob("environment") or {}
        except ValueError:
            return {}

    def close(self) -> None:
        """Give all descriptors back; the dump and its copy stay as they are."""
        for part in (
            self.probes,
            self.counters,
            self.kernel,
            self.descendants,
            self.devices,
            self.stderr,
            self.captured,
            self.wakers,
            self.target,
            self.writer,
        ):
            part.close()


def merge_counters(last: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return ``new``, with the last known figures of levels that were removed."""
    rows = []
    for old, row in zip(last["cgroups"], new["cgroups"], strict=False):
        gone = row["current"] is None and not row["counters"]
        rows.append({**old, "removed": True} if gone else row)
    return {**new, "cgroups": rows}


def _identify(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
