"""Lines of tracebacks that an exception ended: whoever stood there had not to wait."""

from __future__ import annotations

import re

from kerascrash.model.case import Log

_FRAME = re.compile(r"^\s+\S")
# Who gave up waiting, or was interrupted at it, did wait.
_RAISED = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*(?!Timeout|Keyboard)[A-Z]\w*(?:Error|Exception)\b"
)


def left_by_exception(log: Log) -> frozenset[int]:
    """Return the numbers of the frames' lines right above an exception's line."""
    frames: list[int] = []
    left: set[int] = set()
    for line in log.lines:
        if _FRAME.match(line.text):
            frames.append(line.number)
            continue
        if _RAISED.match(line.text):
            left.update(frames)
        frames = []
    return frozenset(left)
