"""
Where in the user's own code something happens: the innermost frame that is theirs.

A file is the user's unless it belongs to the interpreter, to installed packages or to
kerascrash. Wrong for code that a user runs from inside ``site-packages``: then the
outermost frame stands in, as nothing better is known.
"""

from __future__ import annotations

import os
import sys

from kerascrash.probes.user_files import belongs_to_user
from kerascrash.record.cells import shown_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

LIBRARY = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(os.path.abspath(os.__file__)) + os.sep,
)
"""Folders of kerascrash and of the standard library."""
_known: dict[str, bool] = {}


def is_user_file(filename: str) -> bool:
    """Return whether code of this file is the user's own (cached by name)."""
    known = _known.get(filename)
    if known is None:
        if len(_known) > 20_000:  # code made at run time may have no end of names
            _known.clear()
        known = _known[filename] = belongs_to_user(filename, LIBRARY, sys.path)
    return known


def find_place(frame: FrameType | None) -> dict[str, Any] | None:
    """Return file, line and function of the innermost user frame from ``frame`` out."""
    outermost = None
    for _ in range(200):
        if frame is None:
            break
        if is_user_file(frame.f_code.co_filename):
            return _place(frame)
        if not frame.f_code.co_filename.startswith("<frozen"):
            outermost = frame
        frame = frame.f_back
    return _place(outermost) if outermost is not None else None


def caller_place(depth: int = 2) -> dict[str, Any] | None:
    """Return the place that called, ``depth`` frames above; None without frames."""
    try:
        return find_place(sys._getframe(depth))  # noqa: SLF001 - there is no other way
    except (ValueError, AttributeError):
        return None


def _place(frame: FrameType) -> dict[str, Any]:
    code = frame.f_code
    return {
        "file": shown_file(code.co_filename),
        "line": frame.f_lineno or 0,
        "function": getattr(code, "co_qualname", code.co_name),
    }
