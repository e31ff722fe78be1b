"""Keep Python's garbage collector out of the recorder's work."""

from __future__ import annotations

import contextlib
import gc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """
    Keep the garbage collector from starting inside a scan.

    It would run finalizers of the user's in the middle of it, perhaps in a thread they
    do not know, and charge us with the walk over a heap that is not ours.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
