"""
The recorder's own thread: readings, and jobs such as stacks and inventory.

It is started below ``threading``, so that a program that joins every thread it sees
does not wait for it. All its work is done holding ``lock``, which a fork takes first:
no child begins with a module half imported by a thread that it does not have. Where it
is the only other thread, it ends before a fork and begins again after it: Python 3.12
warns of a fork with threads, and one of ours must not be the reason.

``threading`` takes the thread that first imports it for the main one. Were that the
sampler's, the interpreter would wait for it for ever at its exit: so it is imported
here, while arming.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import os
import sys
import threading
import time

from kerascrash.dump.records import EventKind
from kerascrash.record.budget import ONCE, Budget, Job
from kerascrash.record.pressure import Pressure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.probes import ProbeSet
    from kerascrash.record.recorder import Recorder

HEALTHY_S = 0.25
PRESSED_S = 0.05
_FDS_EVERY = 8  # ticks
_STOP_S = 0.5
_GONE_S = 0.05


class Sampler:
    """Reads and records until stopped; ``pressure`` and ``values`` are the latest."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.lock = _thread.allocate_lock()
        self.pressure = Pressure()
        self.values: dict[str, int] = {}
        self.device: dict[str, int] = {}
        """What the framework's allocator told last: it goes into every sample."""
        self.device_peak = 0
        self.jobs: list[Job] = []
        self.budget = Budget()
        self._probes: ProbeSet | None = None
        self.interrupted: list[type[BaseException]] = []
        """What a signal handler raised in our at-fork hook: the user's main thread is
        to have it."""
        self._wake = _thread.allocate_lock()
        self._done = _thread.allocate_lock()
        self._native_id = 0
        self._stopping = self._parted = False
        self._ticks = self._read_cost_ns = 0
        self._fds = -1
        self._cgroup_limit: int | None = None
        self._began_ns = self._last_ns = self._due_ns = time.monotonic_ns()

    def probed_limits(self) -> dict[str, Any]:
        """Return what the probes say of limits; for jobs, on this thread."""
        return {} if self._probes is None else self._probes.describe_limits()

    def start(self) -> None:
        """Start the thread, at first or again after ``part``."""
        self._wake, self._done = _thread.allocate_lock(), _thread.allocate_lock()
        self._wake.acquire()
        self._done.acquire()
        _thread.start_new_thread(self._run, (self._wake, self._done))

    def stop(self) -> None:
        """Take a last sample and end the thread; waits for it, but not for long."""
        if self._stopping:
            return
        self._stopping = True
        if not self._parted:
            self._end(_STOP_S)

    def part(self, patience_s: float) -> None:
        """End the thread for the time of a fork, if that can be had in time."""
        if self._stopping or self._parted:
            return
        self._parted = True
        if not self._end(patience_s):
            return
        own = f"/proc/self/task/{self._native_id}"
        give_up = time.monotonic() + _GONE_S
        while os.path.exists(own) and time.monotonic() < give_up:
            time.sleep(0.0001)  # it is done with Python, the kernel not with it

    def resume(self) -> None:
        """Begin again after ``part``; the next tick comes when it was due."""
        if self._parted and not self._stopping:
            self._parted = False
            self.start()

    def _end(self, patience_s: float) -> bool:
        self._wake.release()
        give_up = time.monotonic() + patience_s
        while not self._done.acquire(timeout=0.005):
            # between the waits this thread answers a scan that asks for it
            if time.monotonic() > give_up:
                return False
        return True

    def _run(self, wake: _thread.LockType, done: _thread.LockType) -> None:
        try:
            self._native_id = _thread.get_native_id()
            self._hand_on()
            with self.lock:
                if self._probes is None and not self._stopping:
                    self._open()
            pause = max(0.0, (self._due_ns - time.monotonic_ns()) / 1e9)
            while not wake.acquire(timeout=pause) and not self.recorder.detached:
                with self.lock:
                    pause = self._tick()
                self._hand_on()
                self._due_ns = time.monotonic_ns() + int(pause * 1e9)
            if self._stopping:
                self._finish()
        except Exception as error:  # no traceback of ours on the user's terminal
            self.recorder.hook_failed("sampler", error)
        finally:
            done.release()

    def _hand_on(self) -> None:
        if self.interrupted:
            from kerascrash.record.hooks import fork
            from kerascrash.record.mainthread import hand_on

            interrupted, self.interrupted = self.interrupted, []
            hand_on(threading.main_thread().ident or 0, interrupted, fork.__file__)

    def _finish(self) -> None:
        self._read(time.monotonic_ns())
        if self._probes is not None:
            self._probes.close()

    def _open(self) -> None:
        """Import and open the probes: 5 ms that arming need not wait for."""
        from kerascrash.probes import open_probes

        self.pressure.address_space_limit = _soft_limit("RLIMIT_AS")
        self._probes = open_probes(self.recorder.pid)

    def _tick(self) -> float:
        """Do what is due and return the pause until the next tick in seconds."""
        began = time.thread_time_ns()
        now = time.monotonic_ns()
        self._read(now)
        cost = time.thread_time_ns() - began
        self._read_cost_ns += (cost - self._read_cost_ns) // 4
        pressed = self.pressure.pressed
        self.budget.earn(now - self._last_ns, pressed=pressed)
        self._last_ns = now
        self.budget.spend(cost)
        self._run_jobs(now, pressed=pressed)
        wanted = PRESSED_S if pressed else HEALTHY_S
        return self.budget.pause_s(wanted, self._read_cost_ns)

    def _read(self, now: int) -> None:
        recorder = self.recorder
        values = {} if self._probes is None else self._probes.read()
        self.pressure.update(values, now)
        if self._ticks % _FDS_EVERY == 0:
            self._fds = _count_fds()
        self._ticks += 1
        values["fds"] = self._fds
        values["step"] = recorder.step
        values["epoch"] = recorder.epoch
        values["stage"] = int(recorder.stage)
        values.update(self.device)
        values["interval_us"] = (now - self._last_ns) // 1000
        recorder.writer.sample(values)
        limit = values.get("cgroup_limit", -1)
        if self._cgroup_limit not in (None, limit):
            recorder.event(
                EventKind.LIMIT_CHANGED,
                which="cgroup",
                old=self._cgroup_limit,
                new=limit,
            )
        self._cgroup_limit = limit
        self.values = values

    def _run_jobs(self, now: int, *, pressed: bool) -> None:
        """Run the jobs that are due and affordable."""
        if "threading" not in sys.modules:
            return  # taken out by the user: imports of ours would bring in another
        for job in list(self.jobs):
            if self._stopping or not job.is_due(now, self._began_ns, pressed=pressed):
                continue
            if not job.free and not self.budget.affords(job.cost_ns):
                continue
            began = time.thread_time_ns()
            try:
                job.run()
            except Exception as error:
                self.jobs.remove(job)
                self.recorder.hook_failed(job.name, error)
            job.last_ns = now
            cost = time.thread_time_ns() - began
            job.cost_ns = max(cost, (job.cost_ns + cost) // 2)
            if job.every_s != ONCE:
                self.budget.spend(cost)


def start_sampler(recorder: Recorder) -> Sampler:
    """Start the thread with all of its jobs."""
    from kerascrash.record.jobs import make_jobs

    sampler = Sampler(recorder)
    sampler.jobs = make_jobs(recorder, sampler)
    recorder.sampler = sampler
    recorder.on_stop.append(sampler.stop)
    sampler.start()
    return sampler


def _count_fds() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError as error:  # at the limit the folder itself cannot be opened
        return _soft_limit("RLIMIT_NOFILE") if error.errno == errno.EMFILE else -1


def _soft_limit(name: str) -> int:
    """Return a limit of this process, -1 where there is none."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        soft = resource.getrlimit(getattr(resource, name))[0]
        return -1 if soft == resource.RLIM_INFINITY else soft
    return -1
