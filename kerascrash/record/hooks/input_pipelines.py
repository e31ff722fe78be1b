"""
Input pipelines: tf.data chains as they are written, and Keras' own data sets.

Observed is the making of each data set and of each iterator, never an element: a step
costs nothing. Data sets that a library makes for itself (Keras, of arrays) are left
out.
"""

from __future__ import annotations

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.pipelines import Pipelines
    from kerascrash.record.recorder import Recorder

NAME = "input_pipelines"
_OBSERVED = (
    ("tensorflow.python.data.ops.dataset_ops", "DatasetV2", "made"),
    ("tensorflow.python.data.ops.iterator_ops", "OwnedIterator", "iterated"),
    ("keras.src.trainers.epoch_iterator", "EpochIterator", "given"),
)


def _install(recorder: Recorder) -> Callable[[], None]:
    made: list[Pipelines] = []
    removers: list[Callable[[], None]] = []

    def pipelines() -> Pipelines:
        if not made:
            from kerascrash.record.pipelines import Pipelines

            made.append(Pipelines(recorder))
        return made[0]

    def observe(owner: str, what: str) -> Callable[[Any], None]:
        def call(module: Any) -> None:
            from kerascrash.record.patching import observe_calls

            note = getattr(pipelines(), what)
            cls = getattr(module, owner)
            removers.append(observe_calls(recorder, NAME, cls, "__init__", after=note))

        return call

    for module, owner, what in _OBSERVED:
        removers.append(when_imported(recorder, NAME, module, observe(owner, what)))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
