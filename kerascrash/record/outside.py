"""What the watcher must know to read the main thread's stack from outside."""

from __future__ import annotations

import sys

from kerascrash.record.frame_layout import describe_frames
from kerascrash.record.places import LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATHS = 32


def describe_outside() -> dict[str, Any]:
    """
    Return ``layout`` (see ``probes/python_frames.py``), ``library`` and ``path``.

    The last two tell the user's files (see ``probes/user_files.py``). Raises
    UnknownLayoutError, and OSError where our own memory cannot be read.
    """
    return {
        "layout": describe_frames(),
        "library": list(LIBRARY),
        "path": [folder for folder in sys.path if folder][:_PATHS],
    }
