"""
Traces of ``tf.function``: which function is traced again and again, and for what.

Observed is TensorFlow's step from a Python function to a graph, which a call of a
traced function never reaches: a step costs nothing. TensorFlow only; what JAX or torch
compile is not seen.
"""

from __future__ import annotations

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "graph_tracing"
COMPILATION = "tensorflow.python.eager.polymorphic_function.tracing_compilation"


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def observe(module: Any) -> None:
        from kerascrash.record.patching import observe_calls
        from kerascrash.record.tracing import Traces

        traces = Traces(recorder)
        removers.append(
            observe_calls(
                recorder, NAME, module, "_create_concrete_function",
                before=lambda *_: traces.begin(), after=traces.end,
            )
        )  # fmt: skip

    removers.append(when_imported(recorder, NAME, COMPILATION, observe))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
