"""
A training that is recorded for a block of steps, then not, then again: one process.

Run by ``bench_step.py``. Two processes differ by far more than 1 % in the time of the
same step (where their memory lies, which core they got), so here one process is held to
itself. What "not recorded" means, block by block:

- the observer is out of Keras' list of callbacks,
- every function of a framework that kerascrash wraps is the framework's own again
  (found by looking at all classes and modules, not by a list that could be short),
- the recorder's thread is parked: it waits for its own lock,
- the companion process is stopped.

What it has imported and keeps stays in memory. After a pause the recorder's clocks are
moved on, so that what it does each second is not done more often in the blocks that
count; the reading that fell due during the pause is made up for at once, which makes
the figure too high rather than too low.

    python alternating.py LABELS STEPS WIDTH

LABELS is a string of ``1`` (recorded) and ``0``, a block each; STEPS those of a block.
Prints one row of JSON for each block.
"""

# ruff: noqa: SLF001 - a switch that the product does not need and so does not have
from __future__ import annotations

import kerascrash.arm

# isort: split
import gc
import json
import os
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascrash.record.arming import current_recorder

PACKAGE = str(Path(kerascrash.arm.__file__).parent)
WARM_S = 20.0
"""The first looks at objects find everything new, and may take longer."""
Place = tuple[Any, str, Any]


def wrapped_by_us(owner: Any) -> list[Place]:
    """Return the attributes of a class or module that are a wrapper of ours."""
    return [
        (owner, name, value)
        for name, value in list(vars(owner).items())
        if type(value) is types.FunctionType
        and "__wrapped__" in vars(value)
        and value.__code__.co_filename.startswith(PACKAGE)
    ]


def all_wrappers() -> list[Place]:
    """Look through every class and module of the process."""
    owners: list[Any] = [
        each for each in gc.get_objects() if issubclass(type(each), type)
    ]
    owners += [m for m in sys.modules.values() if isinstance(m, types.ModuleType)]
    ours = [o for o in owners if "kerascrash" not in str(getattr(o, "__name__", ""))]
    return [place for owner in ours for place in wrapped_by_us(owner)]


def watcher_pid(dump: str) -> int:
    """Return the companion of this process."""
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(dump) in line and b"-S" in line:
            return int(entry.name)
    raise SystemExit("the companion process is not there")


class Recording:
    """Everything that the recorder does on and beside a step, with a switch."""

    def __init__(self, callbacks: list[Any]) -> None:
        recorder = current_recorder()
        if recorder is None or recorder.sampler is None:
            raise SystemExit("not armed")
        self._recorder, self._sampler = recorder, recorder.sampler
        self._callbacks = callbacks
        self._observer = callbacks[-1]
        self._wrappers = all_wrappers()
        self._watcher = watcher_pid(recorder.writer.path)
        self.on = True
        self._paused_ns = 0

    def describe(self) -> dict[str, list[str]]:
        """Return what is switched, for the reader of the figure to check."""
        names = [f"{owner.__name__}.{name}" for owner, name, _ in self._wrappers]
        return {"observer": [type(self._observer).__name__], "wrapped": sorted(names)}

    def switch(self, *, on: bool) -> None:
        """Record from here on, or do not; either way costs the same here."""
        for owner, name, value in self._wrappers:
            setattr(owner, name, value if on else value.__wrapped__)
        if on is self.on:
            return
        self.on = on
        if on:
            self._callbacks.append(self._observer)
            self._move_clocks(time.monotonic_ns() - self._paused_ns)
            os.kill(self._watcher, signal.SIGCONT)
            self._sampler.lock.release()
        else:
            self._callbacks.remove(self._observer)
            self._sampler.lock.acquire()
            self._paused_ns = time.monotonic_ns()
            os.kill(self._watcher, signal.SIGSTOP)

    def _move_clocks(self, paused_ns: int) -> None:
        self._sampler._last_ns += paused_ns
        for job in self._sampler.jobs:
            if job.last_ns is not None:
                job.last_ns += paused_ns
        self._recorder.last_step_at_ns += paused_ns

    def own_cpu_s(self) -> float:
        """Return the processor time of the recorder's own thread so far."""
        path = f"/proc/self/task/{self._sampler._native_id}/schedstat"
        return int(Path(path).read_text().split()[0]) / 1e9

    def watcher_cpu_s(self) -> float:
        """Return the processor time of the companion so far."""
        path = f"/proc/{self._watcher}/schedstat"
        return int(Path(path).read_text().split()[0]) / 1e9


class Blocks(keras.callbacks.Callback):  # type: ignore[misc]
    """Switches at the first step of a block, and measures from there to the next."""

    def __init__(self, labels: str, steps: int) -> None:
        super().__init__()
        self._labels, self._steps = labels, steps
        self._at = -1
        self._recording: Recording | None = None
        self._began: list[float] = []
        self._warm = time.perf_counter() + WARM_S

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        if batch % self._steps or time.perf_counter() < self._warm:
            return
        if keras.backend.backend() == "jax":  # it runs ahead
            import jax

            jax.block_until_ready(jax.live_arrays())
        recording = self._recording
        if recording is None:
            recording = self._recording = Recording(self._list())
            print(json.dumps(recording.describe()), flush=True)
        elif self._at >= 0:
            row = [b - a for a, b in zip(self._began, self._now(), strict=True)]
            label = int(self._labels[self._at])
            print(json.dumps([label, *row]), flush=True)
        self._at += 1
        if self._at == len(self._labels):
            recording.switch(on=True)
            os._exit(0)
        recording.switch(on=self._labels[self._at] == "1")
        self._began = self._now()

    def _now(self) -> list[float]:
        assert self._recording is not None
        return [
            time.perf_counter(),
            time.process_time(),
            time.thread_time(),
            self._recording.own_cpu_s(),
            self._recording.watcher_cpu_s(),
        ]

    def _list(self) -> list[Any]:
        """Return the callbacks that this fit calls: ours is the last of them."""
        for each in gc.get_referrers(self):
            if type(each) is list and type(each[-1]).__name__ == "TrainingObserver":
                return each
        raise SystemExit("no observer among the callbacks")


def main() -> None:
    labels, steps, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    keras.utils.set_random_seed(1)
    x = np.random.rand(640, width).astype("float32")
    model = keras.Sequential([keras.layers.Dense(width, "relu") for _ in range(10)])
    model.compile("adam", "mse")
    model.fit(x, x, batch_size=64, epochs=2, verbose=0)
    parts = [(x[i : i + 64], x[i : i + 64]) for i in range(0, 640, 64)]
    endless = (pair for _ in iter(int, 1) for pair in parts)
    blocks = Blocks(labels, steps)
    model.fit(endless, steps_per_epoch=1 << 30, verbose=0, callbacks=[blocks])


if __name__ == "__main__":
    main()
