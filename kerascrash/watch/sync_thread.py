"""The copy that survives the machine, made durable without holding up the samples."""

from __future__ import annotations

import contextlib
import os
import threading

from kerascrash.dump.sync_copy import SyncCopy

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from kerascrash.dump.watcher_writer import WatcherWriter

_LONGEST_FSYNC_S = 2.0


class SyncThread:
    """
    Hands new slots to a thread that writes and syncs them.

    While a slow disk still works on the last batch, nothing is handed over; the next
    batch then holds all that came since.
    """

    def __init__(self, writer: WatcherWriter) -> None:
        self.problem = ""
        self._writer = writer
        self._batch: list[tuple[int, bytes]] = []
        self._wake = threading.Semaphore(0)
        self._idle = threading.Event()
        self._idle.set()
        self._ending = False
        self._copy: SyncCopy | None = None
        try:
            self._copy = SyncCopy(writer.path)
        except OSError as error:
            self.problem = str(error)
            return
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def push(self) -> None:
        """Hand over what changed since the last time, if the thread is free."""
        if self._copy is None or not self._idle.is_set():
            return
        self._batch = list(self._writer.changed_slots())
        if self._batch:
            self._idle.clear()
            self._wake.release()

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            if self._ending or self._copy is None:
                return
            self._copy.update(self._batch)
            self.problem = self._copy.problem
            self._idle.set()

    def remove(self) -> None:
        """Delete the copy: the dump itself is durable, or not needed any more."""
        if self._copy is None:
            return
        # By name at once: a thread that still waits for the disk cannot prevent that.
        with contextlib.suppress(OSError):
            os.unlink(self._copy.path)
        self._ending = True
        self._wake.release()
        self._thread.join(_LONGEST_FSYNC_S)
        self._copy = None
