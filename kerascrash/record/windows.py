"""
Profile windows that are on disk before the death: two steps every N, the last three.

A process that dies with a profiling session open leaves nothing of it, so sessions are
short, and each is moved to its place when it is complete. Steps begin and end them, on
the thread that trains; where no steps can be seen (a loop jitted by JAX) the sampler
takes a quarter of a second now and then.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time

from kerascrash.dump.beside import PARTIAL, WINDOWS, remove_tree, traces_folder
from kerascrash.dump.records import Stage
from kerascrash.record.hook import guarded
from kerascrash.record.memory_profiles import MemoryProfiles
from kerascrash.record.profilers import Busy, Profilers
from kerascrash.record.window_pace import Pace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kerascrash.record.pressure import Pressure
    from kerascrash.record.recorder import Recorder

NAME = "profile_windows"
_KEPT = 3
_STEP = "step_"
_MOST_BYTES = 32 << 20
_LEAST_HEADROOM = 32 << 20
_WAIT_S = 1.0
_NO_STEP_NS, _FIRST_LOOK_NS = 30_000_000_000, 3_000_000_000
"""Since the last step, or, where there was none, since there are devices."""


class _Window:
    """A session that runs, and what its trace will be called."""

    def __init__(self, which: str, session: Any, folder: str, name: str) -> None:
        self.which = which
        self.session = session
        self.folder = folder
        self.name = name


class Windows:
    """Of one recorder; all public methods are guarded and may be called anywhere."""

    def __init__(self, recorder: Recorder, every: int) -> None:
        self._recorder = recorder
        self._home = traces_folder(recorder.writer.path)
        self._pace = Pace(every)
        self._profilers = Profilers(recorder, NAME, self._at_users)
        self._memory = MemoryProfiles(recorder, self._home)
        self._turn = threading.Lock()
        self._open: _Window | None = None
        self._of_steps: list[str] = []
        self._by_clock: list[str] = []
        self._made = 0
        self._devices_ns = 0
        self._stopped = False
        self.at_step = guarded(recorder, NAME, self._at_step)
        self.look = guarded(recorder, NAME, self._look)
        self.close = guarded(recorder, NAME, self._close)
        self.stop = guarded(recorder, NAME, self._stop)

    def install(self) -> None:
        """Begin; the steps of the training do the rest."""
        self._profilers.install()

    def remove(self) -> None:
        """End the session that may run, and step out of everything."""
        self._recorder.windows = None
        self._stopped = True
        self._profilers.remove()
        atexit.unregister(self.stop)
        window, self._open = self._open, None
        if window is not None and not self._recorder.detached:
            with contextlib.suppress(Exception):
                self._profilers.end(window.which, window.session, window.folder)
            remove_tree(os.path.join(self._home, PARTIAL))

    def _at_step(self, step: int) -> None:
        pace = self._pace
        if not pace.count_step():
            return
        with self._alone() as alone:
            if alone and self._open is not None and pace.is_long_enough():
                self._finish()
            if alone and self._open is None and pace.is_due():
                self._begin(f"{_STEP}{step:09}")

    def _look(self) -> None:
        """On the sampler's thread: the pressure, and what steps do not end or begin."""
        sampler = self._recorder.sampler
        if sampler is None:
            return
        pace = self._pace
        pace.feel(sampler.pressure, sampler.device, sampler.device_peak)
        with self._alone() as alone:
            if alone and self._open is not None and pace.is_too_long():
                self._finish()
            if alone and self._open is None and pace.is_time(self._has_no_steps()):
                self._begin(f"at_{int(time.time())}")

    def _has_no_steps(self) -> bool:
        """Return whether work is done on devices of which no step can be seen."""
        recorder = self._recorder
        if recorder.stage is Stage.FIT or recorder.parent_dump is not None:
            return False  # of workers only those that train are of interest
        if not self._profilers.has_devices():
            return False
        now, last = time.monotonic_ns(), recorder.last_step_at_ns
        if last:
            return now - last >= _NO_STEP_NS
        self._devices_ns = self._devices_ns or now
        return now - self._devices_ns >= _FIRST_LOOK_NS

    def _close(self) -> None:
        """End the window that may be open: a stage changes, an exception goes by."""
        if self._open is not None:
            with self._alone() as alone:
                if alone:
                    self._finish()

    def _at_users(self) -> None:
        """The user begins a session: it must not find ours."""
        if self._open is not None and not self._recorder.detached:
            with self._alone(_WAIT_S) as alone:
                if alone:
                    self._finish()

    def _stop(self) -> None:
        self._close()
        self._stopped = True

    @contextlib.contextmanager
    def _alone(self, patience_s: float = 0.0) -> Iterator[bool]:
        """One thread at a time, and none again from within (a signal's handler)."""
        recorder = self._recorder
        if recorder.detached or self._stopped:
            yield False
            return
        wait = {"timeout": patience_s} if patience_s else {"blocking": False}
        got = self._turn.acquire(**wait)
        try:
            yield got
        finally:
            if got:
                self._turn.release()

    def _begin(self, name: str) -> None:
        begun, sampler = time.monotonic_ns(), self._recorder.sampler
        self._pace.begun(begun)
        if sampler is None or _is_scarce(sampler.pressure):
            return
        self._memory.look(name)
        which = self._profilers.ready()
        if which:
            self._made += 1
            if self._made == 1:  # to be called before the framework's own end
                atexit.register(self.stop)
            folder = os.path.join(self._home, PARTIAL, str(self._made))
            os.makedirs(folder, 0o700)
            with contextlib.suppress(Busy):
                session = self._profilers.begin(which, folder)
                self._open = _Window(which, session, folder, name)
        cost = time.monotonic_ns() - begun
        self._pace.spent(cost, opened=self._open is not None)

    def _finish(self) -> None:
        """End the open session and move its trace to its place."""
        window, self._open = self._open, None
        if window is None:
            return
        begun = time.monotonic_ns()
        trace = self._profilers.end(window.which, window.session, window.folder)
        size = sum(each.stat().st_size for each in os.scandir(trace))
        if size <= _MOST_BYTES:
            self._keep(trace, window.name)
        remove_tree(os.path.join(self._home, PARTIAL))
        now = time.monotonic_ns()
        self._pace.ended(now, now - begun, too_big=size > _MOST_BYTES)

    def _keep(self, trace: str, name: str) -> None:
        home = os.path.join(self._home, WINDOWS)
        os.makedirs(home, 0o700, exist_ok=True)
        place = os.path.join(home, name)
        if os.path.exists(place):
            place = f"{place}_{self._made}"
        os.rename(trace, place)
        of_steps = name.startswith(_STEP)
        (self._of_steps if of_steps else self._by_clock).append(place)
        while len(self._of_steps) > _KEPT:
            remove_tree(self._of_steps.pop(0))
        # While a request waits for memory nothing happens: it must push out no step.
        while len(self._by_clock) > (1 if self._of_steps else _KEPT):
            remove_tree(self._by_clock.pop(0))


def _is_scarce(pressure: Pressure) -> bool:
    """A session takes memory of its own: not the last of what there is."""
    return pressure.limit > 0 and pressure.headroom < _LEAST_HEADROOM
