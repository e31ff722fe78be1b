"""
Keras' ``fit``, ``evaluate`` and ``predict``: stages, steps, data, batch sizes, models.

Two places see all of it on every backend: the list of callbacks that Keras makes for
each call, and the iterator that it makes of the data. Keras 3, and Keras 2 as
``tf_keras``. Wrong where a subclass overrides ``fit`` and uses neither.
"""

from __future__ import annotations

from functools import partial

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.keras_calls import KerasCalls
    from kerascrash.record.recorder import Recorder

NAME = "keras_training"
CALLBACK_LISTS = ("keras.src.callbacks.callback_list", "tf_keras.src.callbacks")
DATA_ITERATORS = (
    ("keras.src.trainers.epoch_iterator", "EpochIterator"),
    ("tf_keras.src.engine.data_adapter", "DataHandler"),
)


def _install(recorder: Recorder) -> Callable[[], None]:
    made: list[KerasCalls] = []
    removers: list[Callable[[], None]] = []

    def calls() -> KerasCalls:
        if not made:
            from kerascrash.record.keras_calls import KerasCalls

            made.append(KerasCalls(recorder))
        return made[0]

    def observe_lists(module: Any) -> None:
        removers.append(calls().observe_lists(module))

    def observe_data(owner: str, module: Any) -> None:
        removers.append(calls().observe_data(owner, module))

    removers.extend(
        when_imported(recorder, NAME, name, observe_lists) for name in CALLBACK_LISTS
    )
    removers.extend(
        when_imported(recorder, NAME, name, partial(observe_data, owner))
        for name, owner in DATA_ITERATORS
    )

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
