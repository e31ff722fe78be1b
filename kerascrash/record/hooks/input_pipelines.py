"""
Input pipelines: tf.data chains as they are written, and data sets that have workers.

Observed is the making of each data set and of each iterator, never an element of a
chain; of what workers load, the first batches, for their size. Data sets that a library
makes for itself (Keras, of arrays) are left out.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.pipelines import Pipelines
    from kerascrash.record.recorder import Recorder

NAME = "input_pipelines"
_ADAPTER = "keras.src.trainers.data_adapters.py_dataset_adapter"
_TORCH = "torch.utils.data.dataloader"
_INIT = "__init__"
_OBSERVED = (
    ("tensorflow.python.data.ops.dataset_ops", "DatasetV2", _INIT, "made"),
    ("tensorflow.python.data.ops.iterator_ops", "OwnedIterator", _INIT, "iterated"),
    ("keras.src.trainers.epoch_iterator", "EpochIterator", _INIT, "loaders.given"),
    (_ADAPTER, "PyDataset", _INIT, "loaders.built"),
    (_ADAPTER, "PyDatasetAdapter", "_standardize_batch", "loaders.batch"),
    *(
        (f"{keras}.src.engine.data_adapter", owner, method, what)
        for keras in ("tf_keras", "keras")
        for owner, method, what in (
            ("KerasSequenceAdapter", _INIT, "loaders.given_with_workers"),
            ("GeneratorDataAdapter", "_standardize_batch", "loaders.batch"),
        )
    ),
    (_TORCH, "DataLoader", _INIT, "loaders.built"),
    (_TORCH, "_BaseDataLoaderIter", _INIT, "loaders.iterates"),
    (_TORCH, "_MultiProcessingDataLoaderIter", "_process_data", "loaders.batch"),
)
"""Module, class and method, and what is told of its calls: of ``__init__`` afterwards,
of others, which get a batch, before."""


def _install(recorder: Recorder) -> Callable[[], None]:
    made: list[Pipelines] = []
    removers: list[Callable[[], None]] = []

    def observe(owner: str, method: str, what: str, module: Any) -> None:
        from kerascrash.record.patching import observe_calls
        from kerascrash.record.pipelines import Pipelines

        if not made:
            made.append(Pipelines(recorder))
        cls = getattr(module, owner, None)
        if cls is None or method not in cls.__dict__:
            return  # of another version: what is private may go any day
        note = attrgetter(what)(made[0])
        when = "after" if method == _INIT else "before"
        removers.append(observe_calls(recorder, NAME, cls, method, **{when: note}))

    for module, owner, method, what in _OBSERVED:
        call = partial(observe, owner, method, what)
        removers.append(when_imported(recorder, NAME, module, call))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
