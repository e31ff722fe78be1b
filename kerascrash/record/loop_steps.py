"""Steps of a training loop that calls no ``fit``; imported when a framework is."""

from __future__ import annotations

import weakref

from kerascrash.dump.records import Stage
from kerascrash.record.places import caller_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.recorder import Recorder

_FITTING = (Stage.FIT, Stage.EVALUATE, Stage.PREDICT)
_DEPTH = 4


class LoopSteps:
    """Which ``tf.function`` runs now, and which are known to train."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.calling: weakref.ref[Any] | None = None
        self.trains: weakref.WeakSet[Any] = weakref.WeakSet()

    def enter(self, function: Any) -> bool:
        """A ``tf.function`` is called; return whether it is the outermost one."""
        if self.calling is not None or self.recorder.detached:
            return False
        self.calling = weakref.ref(function)
        if function in self.trains:
            self._step()
        return True

    def leave(self, outermost: bool) -> None:
        if outermost:
            self.calling = None

    def apply(self) -> None:
        """An optimizer is applied: really, or in the trace of a ``tf.function``."""
        if self.recorder.detached:
            return
        function = self.calling() if self.calling is not None else None
        if function is None:
            self._step()
        elif function not in self.trains:
            self.trains.add(function)
            self._step()

    def _step(self) -> None:
        recorder = self.recorder
        if recorder.stage in _FITTING:
            return
        if recorder.stage is not Stage.CUSTOM:
            recorder.last_step_at_ns = 0
            recorder.epoch = recorder.steps_per_epoch = recorder.batch_size = -1
            recorder.begin_stage(Stage.CUSTOM, caller_place(_DEPTH), lingering=True)
        recorder.begin_step(recorder.step + 1, recorder.step + 1)
