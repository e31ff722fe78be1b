"""
The ``pipelines`` blob: chains of data sets, from their source to what is iterated.

Shape: {pipelines [{place, ops [{op, class, buffer, element_bytes, count, bytes, place,
workers}]}]}. ``op`` is the method as written (``shuffle``); ``buffer`` its size
(elements, for a batch its size); ``element_bytes`` of what goes in; ``count`` the
number of elements that come out; ``bytes`` what it will hold once full; ``place``
{file, line, function, excerpt}. Null is unknown. ``PyDataset`` and ``DataLoader`` are
chains of one op, whose elements are batches; with ``processes`` (their workers are),
``pinned`` and ``work`` {owner, place}, the user's method that workers run. Imported
when TensorFlow, Keras or PyTorch is.
"""

from __future__ import annotations

import sys
import weakref

from kerascrash.record.loaders import Loaders
from kerascrash.record.patching import argument
from kerascrash.record.pipeline_ops import describe_op, inputs_of, op_name
from kerascrash.record.places import caller_place, is_user_file
from kerascrash.record.sources import source_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from kerascrash.record.recorder import Recorder

_MOST_PIPELINES = 16
_MOST_OPS = 30
_DEPTH = 3
_FRAMES = 12
_GENERATOR = "_GeneratorDataset"


class Pipelines:
    """Where data sets were made, by weak reference, and what was written of them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._places: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()
        self._generators: set[tuple[str, int]] = set()
        self._written: dict[str, dict[str, Any]] = {}
        self.loaders = Loaders(recorder, lambda op: self._write([op]), self._blob)

    def made(
        self, _token: Any, dataset: Any, _args: Any, _kwargs: Any, *, ok: bool
    ) -> None:
        """Note the line of the user's that made a data set."""
        if not ok or self._recorder.detached:
            return
        place = caller_place(_DEPTH)
        if place is None:
            return
        if type(dataset).__name__ == _GENERATOR:
            self._generators.add((place["file"], place["line"]))
        elif _is_called_by_user(sys._getframe(_DEPTH)):  # noqa: SLF001 - no other way
            self._places[dataset] = place

    def iterated(
        self, _token: Any, _iterator: Any, args: Any, kwargs: Any, *, ok: bool
    ) -> None:
        """Describe the chain that an iterator is made of."""
        dataset = argument(args, kwargs, 0, "dataset")
        if dataset is None or not ok or self._recorder.detached:
            return
        if dataset in self._known:
            return
        self._known.add(dataset)
        chain = [each for each in _chain(dataset) if op_name(type(each).__name__)]
        if not any(each in self._places for each in chain):
            return
        ops: list[dict[str, Any]] = []
        for each in chain:
            ops.append(self._describe(each, ops[-1] if ops else None))
        self._write(ops)

    def _describe(self, dataset: Any, before: dict[str, Any] | None) -> dict[str, Any]:
        op = describe_op(dataset, before)
        place = self._places.get(dataset)
        if place and (place["file"], place["line"]) in self._generators:
            op["op"] = "from_generator"
        op["place"] = _with_source(place)
        return op

    def _write(self, ops: list[dict[str, Any]]) -> None:
        key = str([(op["op"], op["bytes"], op["place"]) for op in ops])
        if key in self._written or len(self._written) >= _MOST_PIPELINES:
            return
        place = next((op["place"] for op in reversed(ops) if op["place"]), None)
        self._written[key] = {"place": place, "ops": ops}
        self._blob()

    def _blob(self) -> None:
        self._recorder.writer.blob(
            "pipelines", {"pipelines": list(self._written.values())}
        )


def _chain(dataset: Any) -> list[Any]:
    """Return the data sets from the source on; of several inputs all, one by one."""
    found: list[Any] = []
    waiting = [dataset]
    while waiting and len(found) < _MOST_OPS:
        one = waiting.pop()
        found.append(one)
        waiting += inputs_of(one)
    return found[::-1]


def _is_called_by_user(frame: FrameType | None) -> bool:
    """Return whether TensorFlow was called by the user, not by another library."""
    for _ in range(_FRAMES):
        if frame is None:
            return False
        if is_user_file(frame.f_code.co_filename):
            return True
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module not in ("tensorflow", "kerascrash"):
            return False
        frame = frame.f_back
    return False


def _with_source(place: dict[str, Any] | None) -> dict[str, Any] | None:
    if place is None:
        return None
    text = source_line(place["file"], place["line"])
    return {**place, "excerpt": [[place["line"], text]] if text else []}
