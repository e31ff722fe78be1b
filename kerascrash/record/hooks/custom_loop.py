"""
Steps of training loops that call no ``fit``: told from the optimizer.

Called eagerly, each ``apply`` of a Keras optimizer is a step. Inside a ``tf.function``
it is only seen while that is traced: from then on each call of that function is a
step (this covers ``train_on_batch``). Wrong for loops that apply several optimizers per
step (a GAN): their steps count double. Loops jitted by JAX are not seen.
"""

from __future__ import annotations

import weakref
from functools import partial

from kerascrash.dump.records import Stage
from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported
from kerascrash.record.patching import observe_calls
from kerascrash.record.places import caller_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "custom_loop"
OPTIMIZERS = (
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer", "apply"),
    ("tf_keras.src.optimizers.optimizer", "Optimizer", "apply_gradients"),
)
_FUNCTIONS = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
_FITTING = (Stage.FIT, Stage.EVALUATE, Stage.PREDICT)
_DEPTH = 4


class _Loop:
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


def _install(recorder: Recorder) -> Callable[[], None]:
    loop = _Loop(recorder)
    removers: list[Callable[[], None]] = []

    def observe_apply(owner: str, name: str, module: Any) -> None:
        removers.append(
            observe_calls(
                recorder, NAME, getattr(module, owner), name,
                before=lambda *_: loop.apply(),
            )
        )  # fmt: skip

    def observe_functions(module: Any) -> None:
        removers.append(
            observe_calls(
                recorder, NAME, module.Function, "__call__",
                before=lambda function, *_: loop.enter(function),
                after=lambda outermost, *_, ok: loop.leave(outermost),  # noqa: ARG005
            )
        )  # fmt: skip

    for module_name, owner, name in OPTIMIZERS:
        observe = partial(observe_apply, owner, name)
        removers.append(when_imported(recorder, NAME, module_name, observe))
    removers.append(when_imported(recorder, NAME, _FUNCTIONS, observe_functions))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
