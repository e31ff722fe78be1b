"""
Whose turn it is to scan: the user's thread at a step boundary, or else the sampler.

At a step boundary, on the thread that trains, nothing of the user's changes under the
scan, and no finalizer of theirs can run in a foreign thread. Only when no boundary
comes in time does the sampler's thread scan.
"""

from __future__ import annotations

import _thread
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder

_LIVELY_NS = 2_000_000_000
_LIVELY_PRESSED_NS = 150_000_000


class Turns:
    """Runs ``scan(reason)`` when asked to, never twice at once."""

    def __init__(self, recorder: Recorder, scan: Callable[[str], None]) -> None:
        self._recorder = recorder
        self._scan = scan
        self._busy = _thread.allocate_lock()
        self._waiting = False

    def request(self, *, pressed: bool) -> None:
        """Ask for a scan: at the next step if one is near, else now."""
        recorder = self._recorder
        since_step = time.monotonic_ns() - recorder.last_step_at_ns
        lively = since_step < (_LIVELY_PRESSED_NS if pressed else _LIVELY_NS)
        if lively and not self._waiting:
            self._waiting = True
            recorder.at_step = self._at_step
            return
        self._waiting = False
        recorder.at_step = None
        self.run("pressure" if pressed else "periodic")

    def _at_step(self) -> None:
        self._waiting = False
        self.run("step")

    def run(self, reason: str) -> None:
        """Scan now, on this thread, unless a scan is under way."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._scan(reason)
        except Exception as error:
            self._scan = _nothing
            self._recorder.hook_failed("inventory", error)
        finally:
            self._busy.release()


def _nothing(_reason: str) -> None:
    """Stand in for a scan that failed."""
