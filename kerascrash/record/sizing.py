"""
How much memory one object holds by itself: bytes of arrays, without reading values.

Kinds of array are known by the library that defines them, and a library is only looked
at when the user has imported it. A size never waits for a device, copies nothing and
starts nothing. Buffers have a key, so that views and aliases count once.
"""

from __future__ import annotations

import sys

from kerascrash.record import (
    sizing_keras,
    sizing_numpy,
    sizing_others,
    sizing_tables,
    sizing_tensorflow,
    sizing_torch,
)
from kerascrash.record.leaf import Leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Sizer = Callable[[Any], Leaf | None]

_LIBRARIES: tuple[Any, ...] = (
    sizing_numpy,
    sizing_tensorflow,
    sizing_torch,
    sizing_keras,
    sizing_tables,
    sizing_others,
)
"""Each has ``find_sizers()``: pairs of class and function for what is imported now."""


class Sizers:
    """The array classes known now, by the ``id`` of the class."""

    def __init__(self) -> None:
        self._by_class: dict[int, Sizer] = {}
        self._modules_seen = -1

    def refresh(self) -> None:
        """Begin a scan; look for new classes when modules were imported since."""
        sizing_tensorflow.note_execution_mode()
        if len(sys.modules) == self._modules_seen:
            return
        self._modules_seen = len(sys.modules)
        for library in _LIBRARIES:
            try:
                found = library.find_sizers()
            except Exception:
                continue  # half imported: another thread is at it; next time
            for cls, sizer in found:
                self._by_class[id(cls)] = sizer

    def find(self, bases: tuple[type, ...]) -> Sizer | None:
        """Return the function that sizes a class with these bases, or None."""
        for base in bases:
            sizer = self._by_class.get(id(base))
            if sizer is not None:
                return sizer
        return None
