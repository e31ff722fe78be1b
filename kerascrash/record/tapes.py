"""
For how many steps a ``tf.GradientTape`` has been recording without a pause.

A tape keeps every intermediate result of what it records. That memory is native: what
can be seen is that one and the same tape is still open, step after step. Remembered
are weak references and the step at which each was first seen open.
"""

from __future__ import annotations

import weakref

from kerascrash.record.leaf import Leaf
from kerascrash.record.safe import attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 64
_open: dict[int, tuple[weakref.ref[Any], int]] = {}
_now = [-1]


def note_step(step: int) -> None:
    """Set the step of the scan that begins; forget tapes that are gone."""
    _now[0] = step
    for ident, (tape, _) in list(_open.items()):
        if tape() is None or len(_open) > _MOST:
            del _open[ident]


def size_tape(tape: Any) -> Leaf:
    """Return the tape's own few bytes; ``count``: steps that it has been open for."""
    ident, count = id(tape), 0
    if attribute(tape, "_recording") is not True:
        _open.pop(ident, None)
    else:
        known = _open.get(ident)
        if known is None or known[0]() is not tape or known[1] < 0:
            _open[ident] = (weakref.ref(tape), _now[0])
        else:
            count = max(0, _now[0] - known[1])
    leaf = Leaf(object.__sizeof__(tape), ident, "GradientTape")
    leaf.count = count
    return leaf
