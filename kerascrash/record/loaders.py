"""
Data sets with workers: Keras' ``PyDataset`` and PyTorch's ``DataLoader``.

Observed is where they are made, that they are used, and the size of their first
batches; the user's own methods are never called. What the queue holds when it is full
are ``buffer`` batches: those that workers may have ready before the training asks.
"""

from __future__ import annotations

import sys
import weakref
from types import FunctionType

from kerascrash.record.cells import shown_file
from kerascrash.record.data_facts import describe_data
from kerascrash.record.patching import argument
from kerascrash.record.places import caller_place, find_place, is_user_file
from kerascrash.record.safe import attribute, class_attributes, class_name, mro_of
from kerascrash.record.sources import excerpt, source_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from kerascrash.record.recorder import Recorder

    Op = dict[str, Any]

_KINDS = ("PyDataset", "DataLoader")
_SEQUENCE = "Sequence"
"""What Keras 3 called its data set before, and still does for old programs."""
_DEPTH = 3
_MOST = 64
_BATCHES = 3
"""So many of the first batches are measured; their largest counts."""
_MAKERS = ("__getitem__", "__getitems__", "__iter__")
_OUTWARD = 20
_SETTINGS = ("max_queue_size", "workers", "prefetch_factor")


class Loaders:
    """Remembers by ``id`` and weak reference: a user's object may not be hashable."""

    def __init__(
        self, recorder: Recorder, write: Callable[[Op], None], again: Callable[[], None]
    ) -> None:
        self._recorder = recorder
        self._write, self._write_again = write, again
        self._places: dict[int, tuple[weakref.ref[Any], Op | None]] = {}
        self._ops: dict[int, tuple[weakref.ref[Any], Op]] = {}
        self._measured: dict[int, int] = {}

    def built(
        self, _token: Any, data: Any, _args: Any, _kwargs: Any, *, ok: bool
    ) -> None:
        """Note the line of the user's that makes one."""
        if ok and not self._recorder.detached:
            place = _built_at(sys._getframe(_DEPTH))  # noqa: SLF001 - no other way
            _remember(self._places, data, place)

    def given(
        self, _token: Any, _made: Any, args: Any, kwargs: Any, *, ok: bool
    ) -> None:
        """Describe what Keras is given, or what PyTorch begins to iterate."""
        for name in ("x", "loader"):
            data = argument(args, kwargs, 0, name)
            if data is not None:
                break
        if data is None or not ok or self._recorder.detached:
            return
        names = {class_name(base) for base in mro_of(type(data))}
        kind = next((kind for kind in _KINDS if kind in names), "")
        kind = kind or ("PyDataset" if _SEQUENCE in names else "")
        if kind and _recall(self._ops, data) is None:
            place = _recall(self._places, data) or caller_place(_DEPTH + 1)
            op = _describe(data, kind, place)
            _remember(self._ops, data, op)
            self._write(op)

    def given_with_workers(
        self, _token: Any, adapter: Any, args: Any, kwargs: Any, *, ok: bool
    ) -> None:
        """Describe a ``Sequence`` of Keras 2: its ``fit`` is told of the workers."""
        data = argument(args, kwargs, 0, "x")
        if data is None or not ok or self._recorder.detached:
            return
        workers, processes, queue = (
            kwargs.get(name)
            for name in ("workers", "use_multiprocessing", "max_queue_size")
        )
        if type(workers) is int and type(queue) is int:
            place = caller_place(_DEPTH + 1)
            op = _op(data, "PyDataset", place, workers, queue, processes is True)
            _remember(self._ops, adapter, op)
            self._write(op)

    def iterates(
        self, _token: Any, iterator: Any, args: Any, kwargs: Any, *, ok: bool
    ) -> None:
        """PyTorch has made an iterator: it is of this loader."""
        self.given(_token, iterator, args, kwargs, ok=ok)
        op = _recall(self._ops, argument(args, kwargs, 0, "loader"))
        if op is not None:
            _remember(self._ops, iterator, op)

    def batch(self, source: Any, args: Any, kwargs: Any) -> None:
        """Measure a batch that has come out of the queue; for the first few."""
        dataset = attribute(source, "py_dataset")
        if dataset is not None:  # never ask a user's object whether it is true
            source = dataset
        seen = self._measured.get(id(source), 0)
        if seen >= _BATCHES:
            return
        op = _recall(self._ops, source)
        if op is None or self._recorder.detached or len(self._measured) > _MOST:
            return
        self._measured[id(source)] = seen + 1
        batch = argument(args, kwargs, 0, "batch")
        sizes = [row["bytes"] for row in describe_data("batch", batch, None)]
        if not sizes or None in sizes:
            return
        size = sum(sizes)
        if size > (op["element_bytes"] or 0):
            op["element_bytes"] = size
            op["bytes"] = size * (op["buffer"] or 0) * (2 if op["pinned"] else 1)
            self._write_again()


def _describe(data: Any, kind: str, place: Op | None) -> Op:
    workers = _whole(data, "_workers", "num_workers") or 0
    if kind == "PyDataset":
        processes = attribute(data, "_use_multiprocessing") is True
        queue = _whole(data, "_max_queue_size") or 0
    else:
        processes = workers > 0
        queue = workers * (_whole(data, "prefetch_factor") or 0)
    return _op(data, kind, place, workers, queue, processes)


def _op(
    data: Any, kind: str, place: Op | None, workers: int, queue: int, processes: bool
) -> Op:
    """Return what is written of it; one worker of Keras' own is no queue."""
    queued = workers > (kind == "PyDataset" and not processes)
    return {
        "op": kind, "class": class_name(type(data)), "element_bytes": None,
        "count": None, "bytes": None if queued else 0, "place": _with_source(place),
        "workers": workers, "buffer": queue if queued else 0, "processes": processes,
        "pinned": attribute(data, "pin_memory") is True, "work": _work_of(data, kind),
    }  # fmt: skip


def _work_of(data: Any, kind: str) -> Op | None:
    """Return the user's method that makes the elements: what a worker runs."""
    source = attribute(data, "dataset") if kind == "DataLoader" else data
    for base in mro_of(type(source)):
        for name in _MAKERS:
            made = class_attributes(base).get(name)
            if type(made) is not FunctionType:
                continue
            code = made.__code__
            if is_user_file(code.co_filename):
                file, line = shown_file(code.co_filename), code.co_firstlineno
                place = {"file": file, "line": line, "function": name}
                place["excerpt"] = excerpt(code.co_filename, line)
                return {"owner": f"{class_name(type(source))}.{name}", "place": place}
    return None


def _built_at(frame: FrameType | None) -> Op | None:
    """
    Return the line that makes it: the caller of the class, not its ``__init__``.

    But an ``__init__`` that spells out the size of the queue is the place to change it.
    """
    first = find_place(frame)
    for _ in range(_OUTWARD):
        if frame is None or not is_user_file(frame.f_code.co_filename):
            return first
        if frame.f_code.co_name != "__init__":
            return find_place(frame)
        text = source_line(frame.f_code.co_filename, frame.f_lineno or 0) or ""
        if any(f"{setting}=" in text.replace(" ", "") for setting in _SETTINGS):
            return find_place(frame)
        frame = frame.f_back
    return first


def _remember(where: dict[int, Any], data: Any, what: Any) -> None:
    if len(where) >= _MOST:
        for ident in [i for i, (alive, _) in where.items() if alive() is None]:
            del where[ident]
    try:
        where[id(data)] = (weakref.ref(data), what)
    except TypeError:  # made so that nothing can refer to it
        return


def _recall(where: dict[int, Any], data: Any) -> Any:
    known = where.get(id(data))
    return known[1] if known is not None and known[0]() is data else None


def _with_source(place: Op | None) -> Op | None:
    if place is None:
        return None
    text = source_line(place["file"], place["line"])
    return {**place, "excerpt": [[place["line"], text]] if text else []}


def _whole(data: Any, *names: str) -> int | None:
    for name in names:
        value = attribute(data, name)
        if type(value) is int:
            return value
    return None
