"""
Dumps of the target's workers: forked and spawned children that armed themselves.

Workers have no watcher of their own. Their rings name the parent's dump in the header;
those that ended well are removed here, the others stay for the parent's report.
"""

from __future__ import annotations

import contextlib
import os

from kerascrash.dump.beside import remove_traces
from kerascrash.dump.records import State
from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.watch.exit_status import ExitStatus
from kerascrash.watch.target import Target

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

_MOST = 512


class Worker:
    """One worker's ring and process."""

    __slots__ = ("end", "path", "target")

    def __init__(self, path: str, header: dict[str, Any]) -> None:
        self.path = path
        self.target = Target(header)
        self.end: ExitStatus | None = None

    def has_ended(self) -> bool:
        if self.end is None and not self.target.is_alive():
            self.end = self.target.read_exit()
            self.target.close()
        return self.end is not None

    def ended_well(self) -> bool:
        """Status 0 is clean for a worker: multiprocessing leaves by ``os._exit(0)``."""
        if self.end is None:
            return False
        unknown = self.end.raw is None and _state_of(self.path) == State.FINISHED.value
        return self.end.is_success or unknown

    def remove(self) -> None:
        for path in (self.path, self.path + SYNC_SUFFIX):
            with contextlib.suppress(OSError):
                os.unlink(path)
        remove_traces(self.path)


class Workers:
    """The worker rings that belong to one dump."""

    def __init__(self, parent_dump: str) -> None:
        self._parent = parent_dump
        self._folder = os.path.dirname(parent_dump)
        self._seen: set[str] = {os.path.basename(parent_dump)}
        self._live: list[Worker] = []
        self._died: list[Worker] = []
        self._changed = 0

    def look(self) -> None:
        """Find new rings and drop those of workers that ended well; never raises."""
        self._find()
        for worker in [w for w in self._live if w.has_ended()]:
            self._live.remove(worker)
            if worker.ended_well():
                worker.remove()
            else:
                self._died.append(worker)

    def _find(self) -> None:
        try:
            changed = os.stat(self._folder).st_mtime_ns
            names = os.listdir(self._folder) if changed != self._changed else []
        except OSError:
            return
        self._changed = changed
        for name in names:
            if name.endswith(".bin") and name not in self._seen:
                self._seen.add(name)
                self._meet(os.path.join(self._folder, name))

    def _meet(self, path: str) -> None:
        header = _header_of(path)
        if header.get("parent_dump") == self._parent and len(self._live) < _MOST:
            self._live.append(Worker(path, header))

    def finish(self, parent_ended_well: bool) -> list[dict[str, Any]]:
        """
        Return the certificate's rows of the workers that are still of interest.

        When the parent ended well, the rings of workers that it ended (a pool is
        terminated by SIGTERM) are removed as well. When it died, those that lived
        until then are its evidence, even if they have left in good order since.
        """
        self._changed = 0
        if parent_ended_well:
            self.look()
            for worker in self._died:
                worker.remove()
            return []
        self._find()
        rows = []
        for worker in [*self._died, *self._live]:
            worker.has_ended()
            end = worker.end.describe() if worker.end else None
            rows.append({"pid": worker.target.pid, "dump": worker.path, "exit": end})
        return rows


def _header_of(path: str) -> dict[str, Any]:
    try:
        writer = open_watcher_writer(path)
    except (OSError, ValueError):
        return {}
    header = writer.header()
    writer.close()
    return header


def _state_of(path: str) -> str:
    return str(_header_of(path).get("state", ""))
