"""
An exception as the dump keeps it: type, message, where it came through, and its cause.

Line numbers come from the traceback, source text from the file as it is now.
"""

from __future__ import annotations

from itertools import islice

from kerascrash.record.cells import shown_file
from kerascrash.record.places import is_user_file
from kerascrash.record.sources import excerpt, source_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

_MOST_FRAMES = 60
_LONGEST_MESSAGE = 4000


def describe_exception(
    error: BaseException, trace: TracebackType | None, thread: str
) -> dict[str, Any]:
    """Return the data of an ``EXCEPTION`` event; outermost frame first."""
    cause = error.__cause__ or (
        None if error.__suppress_context__ else error.__context__
    )
    return {
        "type": _type_name(error),
        "message": _message(error),
        "thread": thread,
        "traceback": _frames(trace),
        "place": _innermost_user_place(trace),
        "cause": f"{_type_name(cause)}: {_message(cause)}"
        if cause is not None
        else None,
    }


def innermost_frame(trace: TracebackType) -> FrameType:
    """Return the frame in which the exception was raised."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame


def _type_name(error: BaseException) -> str:
    kind = type(error)
    module = kind.__module__
    return (
        kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
    )


def _message(error: BaseException) -> str:
    """Return the text; the interpreter asks for it as well when it prints the error."""
    try:
        return str(error)[:_LONGEST_MESSAGE]
    except Exception:
        return "(its text could not be made)"


def _innermost_user_place(trace: TracebackType | None) -> dict[str, Any] | None:
    """Return the last line of the user's own that it came through, with its text."""
    found = None
    while trace is not None:
        if is_user_file(trace.tb_frame.f_code.co_filename):
            found = trace
        trace = trace.tb_next
    if found is None:
        return None
    code, line = found.tb_frame.f_code, found.tb_lineno or 0
    return {
        "columns": _columns(found, line),
        "file": shown_file(code.co_filename),
        "line": line,
        "function": getattr(code, "co_qualname", code.co_name),
        "excerpt": excerpt(code.co_filename, line),
    }


def _columns(trace: TracebackType, line: int) -> list[int] | None:
    """
    Return which bytes of the line raised, from Python 3.11 on; None for all of it.

    Source: ``co_positions``, as the interpreter's own traceback underlines it.
    """
    positions = getattr(trace.tb_frame.f_code, "co_positions", None)
    if positions is None or trace.tb_lasti < 0:
        return None
    where = next(islice(positions(), trace.tb_lasti // 2, None), (None,) * 4)
    first, last, start, end = where
    if first != line or last != line or start is None or end is None:
        return None
    return [start, end]


def _frames(trace: TracebackType | None) -> list[list[Any]]:
    entries = []
    while trace is not None:
        code = trace.tb_frame.f_code
        entries.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    if len(entries) > _MOST_FRAMES:  # both ends say most
        half = _MOST_FRAMES // 2
        entries = entries[:half] + entries[-half:]
    return [
        [shown_file(file), line, function, source_line(file, line or 0)]
        for file, line, function in entries
    ]
