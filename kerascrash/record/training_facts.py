"""
What training was given, kept for the ``models`` blob.

Shape: {backend (Keras 3's, null of Keras 2), models [see model_facts], alive (models
seen and not freed yet), batches [{stage, batch_size, shapes [[name, shape, dtype]],
count}], data [see data_facts]}.
Only descriptions are held, never an object.
"""

from __future__ import annotations

import weakref

from kerascrash.dump.records import EventKind
from kerascrash.record.data_facts import describe_data
from kerascrash.record.keras_backend import keras_backend
from kerascrash.record.layer_facts import get
from kerascrash.record.model_facts import describe_model
from kerascrash.record.patching import argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.recorder import Recorder

UNNAMED = "(weights made so far)"
"""Stands for a model that is only just being built."""
_MOST_MODELS = 16
_MOST_DATA = 64
_MOST_BATCHES = 64
_MOST_PARTS = 32
_DEEPEST = 3


class TrainingFacts:
    """Collects, and writes the blob whenever something is new."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._models: dict[str, dict[str, Any]] = {}
        self._seen: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()
        self._unbuilt: weakref.WeakSet[Any] = weakref.WeakSet()
        self._data: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._current: list[dict[str, Any]] = []
        self._where: dict[str, Any] | None = None
        self._purpose = ""
        recorder.facts = self

    def see_model(
        self, model: Any, where: dict[str, Any] | None, *, again: bool = False
    ) -> None:
        """Describe a model once, and once more when its first step has built it all."""
        if model is None or self._recorder.detached or self._seen.get(model) is again:
            return
        if again and self._seen.get(model):
            return
        self._seen[model] = again
        self._describe(model, where)

    def see_built(self, model: Any, where: dict[str, Any] | None) -> bool:
        """Describe it anew if it had no shapes before; False: it still has none."""
        if model is None or self._recorder.detached:
            return True
        if not get(model, "built"):
            return False
        if model in self._unbuilt:
            self._describe(model, where)
        return True

    def _describe(self, model: Any, where: dict[str, Any] | None) -> None:
        entry = describe_model(model, where)
        if entry["built"]:
            self._unbuilt.discard(model)
        else:
            self._unbuilt.add(model)
        self._models.pop(UNNAMED, None)  # its weights are among these
        if self._recorder.at_model_seen is not None:
            self._recorder.at_model_seen()
        self._models[entry["name"]] = entry
        while len(self._models) > _MOST_MODELS:
            del self._models[next(iter(self._models))]
        self.write()

    def see_building(self, entry: dict[str, Any]) -> None:
        """Keep what is known of a model whose weights are only just being made."""
        self._models[entry["name"]] = entry
        self.write()

    def see_data(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        where: dict[str, Any] | None,
        purpose: str,
    ) -> None:
        """Describe the arrays that an iterator is about to be made of, for a stage."""
        self._current = []
        self._purpose = purpose
        for at, name in enumerate(("x", "y", "sample_weight")):
            self._current += describe_data(
                name, argument(args, kwargs, at, name), where
            )
        self._where = where
        size = argument(args, kwargs, 3, "batch_size")
        self._recorder.latest_batch_size = size if isinstance(size, int) else -1
        fresh = False
        for entry in self._current:
            key = (entry["name"], str(entry["shape"]), entry["dtype"], str(where))
            if key not in self._data and len(self._data) < _MOST_DATA:
                self._data[key] = entry
                fresh = True
        if fresh:
            self.write()

    def see_batches(self, iterator: Any) -> None:
        """Take the batch size and shapes from the iterator that Keras has made."""
        adapter = getattr(iterator, "data_adapter", None) or getattr(
            iterator, "_adapter", None
        )
        size = _batch_size(adapter)
        if size > 0:
            self._recorder.latest_batch_size = size
        shapes = _batch_shapes(self._current, size) or _element_shapes(adapter)
        batches = [(size if size > 0 else -1, shapes)]
        total = _length(self._current)
        if size > 0 and total and total % size and shapes:
            short = total % size
            batches.append((short, _batch_shapes(self._current, short)))
        for batch_size, each in batches:
            self._see_batch(batch_size, each)

    def _see_batch(self, size: int, shapes: list[Any]) -> None:
        key = f"{self._purpose}{size}{shapes}"
        known = self._batches.get(key)
        if known is not None:
            known["count"] += 1
            return
        if not shapes or len(self._batches) >= _MOST_BATCHES:
            return
        stage = self._purpose
        self._batches[key] = {
            "stage": stage, "batch_size": size, "shapes": shapes, "count": 1,
            "place": self._where,
        }  # fmt: skip
        self._recorder.event(
            EventKind.BATCH, stage=stage, batch_size=size, shapes=shapes
        )
        self.write()

    def write(self) -> None:
        """Write the blob; when it is too big, configs go first, then layers."""
        blob: dict[str, Any] = {
            "backend": keras_backend(),
            "models": list(self._models.values()),
            "alive": len(self._seen),
            "batches": list(self._batches.values()),
            "data": list(self._data.values()),
        }
        writer = self._recorder.writer
        if self._recorder.detached or writer.blob("models", blob):
            return
        blob["models"] = [{**m, "config": None} for m in self._models.values()]
        if not writer.blob("models", blob):
            blob["models"] = [{**m, "layers": m["layers"][:50]} for m in blob["models"]]
            writer.blob("models", blob)


def _batch_size(adapter: Any) -> int:
    """Return the batch size that Keras' adapter knows, -1 where it knows none."""
    for name in ("batch_size", "_batch_size"):
        try:
            size = getattr(adapter, name, None)
        except Exception:
            continue
        if isinstance(size, int) and not isinstance(size, bool):
            return size
    return _dataset_batch_size(adapter)


def _dataset_batch_size(adapter: Any) -> int:
    """Follow a tf.data chain back to the ``batch`` that made it."""
    dataset = getattr(adapter, "_dataset", None)
    for _ in range(30):
        if dataset is None:
            return -1
        size = getattr(dataset, "_batch_size", None)
        if size is not None and type(dataset).__name__.endswith("BatchDataset"):
            return int(size)  # a constant of the program, on the host
        dataset = getattr(dataset, "_input_dataset", None)
    return -1


def _batch_shapes(data: list[dict[str, Any]], size: int) -> list[Any]:
    return [
        [each["name"], [size, *each["shape"][1:]], each["dtype"]]
        for each in data
        if size > 0 and each["shape"] and each["bytes"] is not None
    ]


def _element_shapes(adapter: Any) -> list[Any]:
    """Return shapes from a tf.data element specification, as far as they are fixed."""
    dataset = getattr(adapter, "_dataset", None)
    spec = getattr(dataset, "element_spec", None)
    parts = spec if isinstance(spec, tuple) else (spec,)
    found: list[Any] = []
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
        _add_specs(name, part, found, _DEEPEST)
    return found


def _add_specs(name: str, part: Any, found: list[Any], depth: int) -> None:
    """Add each tensor of a specification, named as arrays given in such a shape are."""
    if type(part) in (tuple, list, dict) and depth:
        named = type(part) is dict
        for key, value in part.items() if named else enumerate(part):
            at = repr(str(key)[:60]) if named else key
            _add_specs(f"{name}[{at}]", value, found, depth - 1)
    elif hasattr(part, "shape") and hasattr(part, "dtype") and len(found) < _MOST_PARTS:
        dims = part.shape.as_list() if part.shape.rank is not None else None
        found.append([name, dims, part.dtype.name])


def _length(data: list[dict[str, Any]]) -> int:
    return next((each["shape"][0] for each in data if each["shape"]), 0) or 0
