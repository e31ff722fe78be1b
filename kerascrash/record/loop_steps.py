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
_MOST_PER_STEP = 16
"""A loop that makes a new optimizer for each step never applies one again."""


class LoopSteps:
    """
    Which ``tf.function`` runs now, and which are known to train.

    A step begins when an optimizer, or a function that trains, comes round again: where
    several take turns (the two of a GAN), one round of them is a step.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.calling: weakref.ref[Any] | None = None
        self.trains: set[weakref.ref[Any]] = set()
        """No ``WeakSet``: it is looked into at each call of each function."""
        self._in_step: set[int] = set()
        self._known: set[int] = set()
        self._newcomer = 0

    def enter(self, function: Any) -> bool:
        """A ``tf.function`` is called; return whether it is the outermost one."""
        if self.calling is not None or self.recorder.detached:
            return False
        self.calling = called = weakref.ref(function)
        if called in self.trains:
            self.take_turn(id(function))
        return True

    def leave(self, outermost: bool) -> None:
        if outermost:
            self.calling = None

    def apply(self, optimizer: Any) -> None:
        """An optimizer is applied: really, or in the trace of a ``tf.function``."""
        if self.recorder.detached:
            return
        function = self.calling() if self.calling is not None else None
        if function is None:
            self.take_turn(id(optimizer))
        elif weakref.ref(function) not in self.trains:
            self.trains.add(weakref.ref(function, self.trains.discard))
            self.take_turn(id(function))

    def take_turn(self, who: int) -> None:
        """An optimizer or a function that trains comes by: a new step or a part."""
        took_over = who == self._newcomer  # it is alone now: its first turn was a step
        self._newcomer = 0
        if self._in_step and who not in self._in_step:
            if len(self._in_step) < _MOST_PER_STEP:
                self._in_step.add(who)
                self._newcomer = 0 if who in self._known else who
                self._known.add(who)
                return
            self._known.clear()
        if took_over:
            self._step()
        self._in_step = {who}
        self._known.add(who)
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
