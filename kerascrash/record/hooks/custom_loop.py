"""
Steps of training loops that call no ``fit``: told from the optimizer.

Called eagerly, each ``apply`` of a Keras optimizer is a step. Inside a ``tf.function``
it is only seen while that is traced: from then on each call of that function is a
step (this covers ``train_on_batch``). Where several optimizers take turns (a GAN), one
round of them is a step. Loops jitted by JAX are not seen.
"""

from __future__ import annotations

from functools import partial

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.loop_steps import LoopSteps
    from kerascrash.record.recorder import Recorder

NAME = "custom_loop"
OPTIMIZERS = (
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer", "apply"),
    ("tf_keras.src.optimizers.optimizer", "Optimizer", "apply_gradients"),
)
FUNCTIONS = "tensorflow.python.eager.polymorphic_function.polymorphic_function"


def _install(recorder: Recorder) -> Callable[[], None]:
    made: list[LoopSteps] = []
    removers: list[Callable[[], None]] = []

    def steps() -> LoopSteps:
        if not made:
            from kerascrash.record.loop_steps import LoopSteps

            made.append(LoopSteps(recorder))
        return made[0]

    def observe(
        owner: str, name: str, module: Any, **calls: Callable[..., Any]
    ) -> None:
        from kerascrash.record.patching import observe_calls

        cls = getattr(module, owner)
        removers.append(observe_calls(recorder, NAME, cls, name, **calls))

    def observe_apply(owner: str, name: str, module: Any) -> None:
        observe(owner, name, module, before=lambda made, *_: steps().apply(made))

    def observe_functions(module: Any) -> None:
        loop = steps()
        observe(
            "Function", "__call__", module,
            before=lambda function, *_: loop.enter(function),
            after=lambda outermost, *_, ok: loop.leave(outermost),  # noqa: ARG005
        )  # fmt: skip

    for module_name, owner, name in OPTIMIZERS:
        call = partial(observe_apply, owner, name)
        removers.append(when_imported(recorder, NAME, module_name, call))
    removers.append(when_imported(recorder, NAME, FUNCTIONS, observe_functions))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
