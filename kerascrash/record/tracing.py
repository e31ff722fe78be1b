"""
Count the graphs that TensorFlow traces, by the function they are traced from.

A function of the user's is told by its code, so one that is defined anew at each step
is still one; a library's own is told by the user's line that brought it about. Counts
go into RETRACE events: {function, file, line, excerpt [[number, text]], count, alive
(graphs not freed yet), bytes (resident bytes that tracing added, freed ones not taken
off), varies {parameter: [what, before, now]}, called {file, line, function} | null}.
Written from the third trace on, then at every quarter more. Imported when TensorFlow
is.
"""

from __future__ import annotations

import os
import weakref

from kerascrash.dump.records import EventKind
from kerascrash.record.cells import shown_file
from kerascrash.record.places import caller_place, is_user_file
from kerascrash.record.signature import describe_signature, what_varies
from kerascrash.record.sources import excerpt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from kerascrash.record.recorder import Recorder

_FIRST = 3
_MOST_FUNCTIONS = 500
_MOST_GRAPHS = 4096
_DEPTH = 4
_UNWRAPPED = 8
_SHOWN = 3  # lines of source: decorator and def
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Traced:
    """One function's traces: numbers, texts and weak references only."""

    __slots__ = ("bytes", "count", "graphs", "next", "signature", "varies")

    def __init__(self) -> None:
        self.count = self.bytes = 0
        self.next = _FIRST
        self.graphs: list[weakref.ref[Any]] = []
        self.signature: dict[str, str] | None = None
        self.varies: dict[str, list[str]] = {}

    def add(self, graph: Any, signature: dict[str, str], grown: int) -> None:
        """Count a trace."""
        self.count += 1
        self.bytes += max(grown, 0)
        if self.signature is not None:
            self.varies.update(what_varies(self.signature, signature))
        self.signature = signature
        if len(self.graphs) < _MOST_GRAPHS:
            self.graphs.append(weakref.ref(graph))

    def alive(self) -> int:
        """Return how many of the graphs are still there."""
        self.graphs = [one for one in self.graphs if one() is not None]
        return len(self.graphs)


class Traces:
    """The functions that were traced in this process."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._traced: dict[tuple[str, int, str], Traced] = {}

    def begin(self) -> int:
        """Return the resident bytes before a trace."""
        return 0 if self._recorder.detached else resident_bytes()

    def end(
        self, before: int, signature: Any, args: Any, _kwargs: Any, *, ok: bool
    ) -> None:
        """Count a trace that has come to its end."""
        if not ok or self._recorder.detached or len(args) < 3:
            return
        told = self._recorder.at_traced
        if told is not None and told():
            self._recorder.at_traced = None
        called = caller_place(_DEPTH)
        code = code_of(getattr(args[2], "python_function", None))
        if code is not None and is_user_file(code.co_filename):
            key = (code.co_filename, code.co_firstlineno, code.co_name)
        elif called is not None and code is not None:
            key = (called["file"], called["line"], code.co_name)
        else:
            return
        traced = self._traced.get(key)
        if traced is None:
            if len(self._traced) >= _MOST_FUNCTIONS:
                return
            traced = self._traced[key] = Traced()
        traced.add(args[1], describe_signature(signature), resident_bytes() - before)
        if traced.count >= traced.next:
            traced.next = max(traced.count + 1, traced.count * 5 // 4)
            self._write(key, traced, called)

    def _write(
        self, key: tuple[str, int, str], traced: Traced, called: dict[str, Any] | None
    ) -> None:
        file, line, function = key
        self._recorder.event(
            EventKind.RETRACE,
            function=function, count=traced.count, file=shown_file(file), line=line,
            excerpt=[row for row in excerpt(file, line) if 0 <= row[0] - line < _SHOWN],
            alive=traced.alive(), bytes=traced.bytes, varies=traced.varies,
            called=called,
        )  # fmt: skip


def code_of(function: Any) -> CodeType | None:
    """Return the code of what a ``tf.function`` traces, without its wrappers."""
    for _ in range(_UNWRAPPED):
        inner = getattr(function, "__wrapped__", None)
        inner = inner or getattr(function, "__func__", None)
        if inner is None:
            break
        function = inner
    code = getattr(function, "__code__", None)
    return code if hasattr(code, "co_filename") else None


def resident_bytes() -> int:
    """
    Return the resident bytes of this process that no file backs; 0 if unreadable.

    Pages of libraries are taken back when memory is short, while graphs are made.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            _, resident, shared, *_ = file.read(128).split()
            return (int(resident) - int(shared)) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
