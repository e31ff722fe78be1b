"""
Steps of training loops that call no ``fit``: told from the optimizer.

Called eagerly, each ``apply`` of a Keras optimizer is a step. Inside a ``tf.function``
it is only seen while that is traced: from then on each call of that function is a
step (this covers ``train_on_batch``). Where several optimizers take turns (a GAN), one
round of them is a step. An optimizer of PyTorch tells by the hook that it offers for
that; of JAX each gradient is a step, or each call of what is compiled with one in it.
Not seen is a step that is part of what ``torch.compile`` compiles: there the hook
must be nothing, or it would be compiled too.
"""

from __future__ import annotations

import sys
from functools import partial

from kerascrash.record.hook import Hook, guarded
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
JAX = "jax._src.api"
OPTIMIZER, COMPILER = "torch.optim.optimizer", "torch.compiler"


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

    def observe_jax(module: Any) -> None:
        from kerascrash.record.jax_steps import JaxSteps

        removers.append(JaxSteps(recorder, NAME, steps()).observe(module))

    removers.append(when_imported(recorder, NAME, JAX, observe_jax))
    for module_name, owner, name in OPTIMIZERS:
        call = partial(observe_apply, owner, name)
        removers.append(when_imported(recorder, NAME, module_name, call))
    removers.append(when_imported(recorder, NAME, FUNCTIONS, observe_functions))
    removers += _observe_torch(recorder, steps)

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _observe_torch(
    recorder: Recorder, steps: Callable[[], LoopSteps]
) -> list[Callable[[], None]]:
    """Use PyTorch's own hook, once both modules that it takes have been imported."""
    removers: list[Callable[[], None]] = []

    def observe(_: Any) -> None:
        optimizers, compiler = sys.modules.get(OPTIMIZER), sys.modules.get(COMPILER)
        offered = getattr(optimizers, "register_optimizer_step_post_hook", None)
        is_compiling = getattr(compiler, "is_compiling", None)
        if removers or offered is None or is_compiling is None:
            return  # not both yet, or a version before 2.1
        apply = guarded(recorder, NAME, steps().apply)
        removers.append(offered(_after_step(is_compiling, apply)).remove)

    watches = [when_imported(recorder, NAME, m, observe) for m in (OPTIMIZER, COMPILER)]

    def remove() -> None:
        for each in removers:
            each()

    return [*watches, remove]


def _after_step(
    is_compiling: Callable[[], bool], apply: Callable[[Any], None]
) -> Callable[[Any, Any, Any], None]:
    """Return a hook that PyTorch's compiler takes for an empty one."""

    def after_step(optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if not is_compiling():
            apply(optimizer)

    return after_step


HOOK = Hook(NAME, _install)
