"""
Whose turn it is to scan: the user's thread at a step boundary, or else the sampler.

At a step boundary nothing of the user's changes under the scan, and no finalizer of
theirs can run in a foreign thread. Only when no boundary comes in time, or the training
does not run on the main thread, does the sampler ask for a scan (the inventory then
tries to have it done by the main thread, between two of its bytecodes).
"""

from __future__ import annotations

import _thread
import time

from kerascrash.record.inventory import Inventory
from kerascrash.record.signal_errors import raised_by_signal_handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

    from kerascrash.record.recorder import Recorder

LIVELY_NS, LIVELY_PRESSED_NS = 2_000_000_000, 150_000_000
"""A step so recent promises another one soon enough to wait for."""
HEALTHY_US, PRESSED_US, EXCEPTION_US = 2_000, 8_000, 50_000
"""How long a scan may look at objects."""
FIRST_US, FIRST_SCANS = 6_000, 8
"""The first scans at steps meet everything anew."""


class Turns:
    """Gets the inventory scanned and written; never two scans at once."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._inventory: Inventory | None = Inventory(recorder.settings)
        self._main = _main_ident()
        self._busy = _thread.allocate_lock()
        self._waiting = False
        self._trains_on_main = True
        self._pressed = False
        self._steps_seen = 0

    def request(self, *, pressed: bool) -> int:
        """Ask for a scan: at the next step if one is near, else now; return its us."""
        recorder = self._recorder
        self._pressed = pressed
        since_step = time.monotonic_ns() - recorder.last_step_at_ns
        lively = since_step < (LIVELY_PRESSED_NS if pressed else LIVELY_NS)
        if lively and self._trains_on_main and not self._waiting:
            self._waiting = True
            recorder.at_step = self._at_step
            return 0
        self._waiting = False
        recorder.at_step = None
        if pressed:
            return self._scan("pressure", PRESSED_US)
        return self._scan("periodic", HEALTHY_US)

    def _at_step(self) -> None:
        self._waiting = False
        if _thread.get_ident() != self._main:
            self._trains_on_main = False  # the sampler asks the main thread itself
            return
        sampler = self._recorder.sampler
        if sampler is None:
            return
        if not sampler.lock.acquire(blocking=False):
            self._waiting = True  # it is at work itself; the next step will do
            self._recorder.at_step = self._at_step
            return
        try:
            first = self._steps_seen < FIRST_SCANS
            self._steps_seen += 1
            budget_us = FIRST_US if first else HEALTHY_US
            if self._pressed:
                budget_us = PRESSED_US
            self._recorder.spent_elsewhere_us += self._scan("step", budget_us)
        finally:
            sampler.lock.release()

    def after_exception(self, frames: Mapping[int, FrameType]) -> None:
        """Scan what the frames of an uncaught exception still hold."""
        self._scan("exception", EXCEPTION_US, frames)

    def _scan(
        self,
        reason: str,
        budget_us: int,
        frames: Mapping[int, FrameType] | None = None,
    ) -> int:
        """Scan and write, unless a scan is under way; return its cost in us."""
        if self._inventory is None or not self._busy.acquire(blocking=False):
            return 0
        try:
            blob = self._inventory.scan(reason, self._recorder.step, budget_us, frames)
            self._write(blob)
            self._recorder.growing = _fastest(blob["entries"])
            return int(blob["scan_us"])
        except Exception as error:
            if raised_by_signal_handler(error):
                raise
            self._inventory = None
            self._recorder.hook_failed("inventory", error)
            return 0
        finally:
            self._busy.release()

    def _write(self, blob: dict[str, object]) -> None:
        """Write the blob; when it is too big, without the smallest entries."""
        entries = blob["entries"]
        while not self._recorder.detached and isinstance(entries, list):
            if self._recorder.writer.blob("inventory", blob) or not entries:
                return
            entries = entries[: len(entries) // 2]
            blob = {**blob, "entries": entries}


def _fastest(entries: list[dict[str, Any]]) -> str | None:
    """Return the owner that grows most, None while nothing does."""
    fastest, owner = 0.0, None
    for entry in entries:
        growth = entry["growth_bytes_per_second"] or 0.0
        if growth > fastest:
            fastest, owner = growth, entry["owner"]
    return owner


def _main_ident() -> int | None:
    import threading

    return threading.main_thread().ident
