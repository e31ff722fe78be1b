"""
The local variables of running frames, read without leaving anything behind.

``frame.f_locals`` of a running function keeps, before CPython 3.13, a snapshot on the
frame that holds every local until the function ends. So: 3.13 has a proxy that holds
nothing (PEP 667); 3.12 has ``PyFrame_GetVar``; before, the snapshot is emptied at once,
and only where nobody else can own or need it: an optimised frame, not traced, whose
code never names ``locals`` and its like. A function that is being traced or profiled
in Python writes the snapshot back, so with tracing on nothing is read there.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

OPTIMIZED = 0x1  # co_flags: locals live in slots, not in a dictionary
_VARARGS = 0x4 | 0x8  # CO_VARARGS, CO_VARKEYWORDS
_READERS = frozenset({"locals", "vars", "eval", "exec", "dir", "f_locals", "_getframe"})
NAMES = 400
"""Of one frame, so many variables are looked at."""


class MissingType:
    """The type of MISSING: a name that is not bound now."""


MISSING = MissingType()


def names_of(frame: FrameType) -> list[str]:
    """Return the names a function's frame may have bound, its arguments first."""
    code = frame.f_code
    if not code.co_flags & OPTIMIZED:
        return []
    names = dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
    return [name for name in names if not name.startswith(".")][:NAMES]


def parameters_of(frame: FrameType) -> list[str]:
    """Return the names of a frame's parameters, without ``*args`` and ``**kwargs``."""
    code = frame.f_code
    if code.co_flags & _VARARGS and code.co_argcount + code.co_kwonlyargcount == 0:
        return []  # a wrapper: the function that it calls names the arguments better
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


class FrameLocals:
    """
    The variables of one running function, as a context: ``get`` works inside ``with``.

    ``traced`` says that the frame's thread may be traced or profiled.
    """

    def __init__(self, frame: FrameType, *, traced: bool) -> None:
        self._frame = frame
        self._space: Any = None
        self._get: Callable[[str], Any] = _missing
        self._traced = traced

    def __enter__(self) -> FrameLocals:
        if sys.version_info >= (3, 13):
            self._space = self._frame.f_locals
            self._get = self._from_proxy
        elif sys.version_info >= (3, 12):
            self._get = self._from_frame if _frame_getter() else _missing
        elif not self._traced and snapshot_is_ours(self._frame):
            self._space = self._frame.f_locals
            self._get = self._from_snapshot
        return self

    def is_hidden(self) -> bool:
        """Return whether only tracing keeps the variables from being read."""
        return self._traced and sys.version_info < (3, 12)

    def get(self, name: str) -> Any:
        """Return the value of a variable, MISSING when it is not bound."""
        return self._get(name)

    def __exit__(self, *_: object) -> None:
        if type(self._space) is dict:
            self._space.clear()
        self._space, self._get = None, _missing

    def _from_proxy(self, name: str) -> Any:
        try:
            return self._space[name]
        except (KeyError, ValueError):
            return MISSING

    def _from_snapshot(self, name: str) -> Any:
        return self._space.get(name, MISSING)

    def _from_frame(self, name: str) -> Any:
        getter = _frame_getter()
        try:
            return getter(self._frame, name) if getter else MISSING
        except (NameError, ValueError):
            return MISSING


def snapshot_is_ours(frame: FrameType) -> bool:
    """Return whether, before 3.12, ``f_locals`` may be read and emptied."""
    code = frame.f_code
    if not code.co_flags & OPTIMIZED or frame.f_trace is not None:
        return False
    return _READERS.isdisjoint(code.co_names)


def _missing(_: str) -> Any:
    return MISSING


_getters: list[Any] = []


def _frame_getter() -> Any:
    """Return ``PyFrame_GetVar`` (3.12), None where ctypes is missing."""
    if not _getters:
        try:
            import ctypes

            function = ctypes.pythonapi.PyFrame_GetVar
            function.argtypes = [ctypes.py_object, ctypes.py_object]
            function.restype = ctypes.py_object
            _getters.append(function)
        except (ImportError, AttributeError):
            _getters.append(None)
    return _getters[0]


def prepare() -> None:
    """Do now what must not be done inside a scan on the user's thread: imports."""
    if (3, 12) <= sys.version_info < (3, 13):
        _frame_getter()
