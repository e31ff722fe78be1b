"""
The recorder's own thread: readings, and jobs such as stacks and inventory.

It is started below ``threading``, so that a program that joins every thread it sees
does not wait for it. All its work is done holding ``lock``, which a fork takes first:
no child begins with a module half imported by a thread that it does not have.

``threading`` takes the thread that first imports it for the main one. Were that the
sampler's, the interpreter would wait for it for ever at its exit: so it is imported
here, while arming.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import threading  # noqa: F401 - its first import must be on the main thread, see below
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


class Sampler:
    """Reads and records until stopped; ``pressure`` and ``values`` are the latest."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.lock = _thread.allocate_lock()
        self.pressure = Pressure()
        self.values: dict[str, int] = {}
        self.jobs: list[Job] = []
        self.budget = Budget()
        self._probes: ProbeSet | None = None
        self._wake = _thread.allocate_lock()
        self._done = _thread.allocate_lock()
        self._stopping = False
        self._ticks = self._read_cost_ns = 0
        self._fds = -1
        self._cgroup_limit: int | None = None
        self._began_ns = self._last_ns = time.monotonic_ns()

    def probed_limits(self) -> dict[str, Any]:
        """Return what the probes say of limits; for jobs, on this thread."""
        return {} if self._probes is None else self._probes.describe_limits()

    def start(self) -> None:
        self._wake.acquire()
        self._done.acquire()
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """Take a last sample and end the thread; waits for it, but not for long."""
        if self._stopping:
            return
        self._stopping = True
        self._wake.release()
        give_up = time.monotonic() + _STOP_S
        while not self._done.acquire(timeout=0.005) and time.monotonic() < give_up:
            pass  # between the waits this thread answers a scan that asks for it

    def _run(self) -> None:
        try:
            with self.lock:
                if not self._stopping:
                    self._open()
            pause = 0.0
            while not self._wake.acquire(timeout=pause) and not self.recorder.detached:
                with self.lock:
                    pause = self._tick()
            self._read(time.monotonic_ns())
            if self._probes is not None:
                self._probes.close()
        except Exception as error:  # no traceback of ours on the user's terminal
            self.recorder.hook_failed("sampler", error)
        finally:
            self._done.release()

    def _open(self) -> None:
        """Import and open the probes: 5 ms that arming need not wait for."""
        from kerascrash.probes import open_probes

        self.pressure.address_space_limit = _address_space_limit()
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
        for job in list(self.jobs):
            if self._stopping or not job.is_due(now, self._began_ns, pressed=pressed):
                continue
            if not self.budget.affords(job.cost_ns):
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
    except OSError:
        return -1


def _address_space_limit() -> int:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        return -1 if soft == resource.RLIM_INFINITY else soft
    return -1
