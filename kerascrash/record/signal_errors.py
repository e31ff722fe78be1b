"""Exceptions that a signal handler of the user's raised while our code was running."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_VARARGS = 0x4  # co_flags


def raised_by_signal_handler(error: BaseException) -> bool:
    """
    Return whether the exception came out of a signal handler.

    Such a one (a timeout by ``SIGALRM``, say) belongs to the user's code, which we only
    happened to interrupt; any other that meets us is ours to swallow. A handler is told
    by what Python gives it, the very frame that it interrupts: so one that takes itself
    out before it raises is known too. One that drops that argument is known while it
    is installed.
    """
    handlers: set[CodeType] | None = None
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if _was_given_its_caller(frame):
            return True
        if handlers is None:
            handlers = _handler_codes()
        if frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def must_reach_the_user(error: BaseException) -> bool:
    """Return whether what stopped our code is not ours to swallow (Ctrl-C, too)."""
    return not isinstance(error, Exception) or raised_by_signal_handler(error)


def _was_given_its_caller(frame: FrameType) -> bool:
    """Return whether a call, none of ours, had its caller's frame as an argument."""
    caller, code = frame.f_back, frame.f_code
    if caller is None or code.co_filename.startswith(_OWN):
        return False
    if code.co_argcount < 2 and not code.co_flags & _VARARGS:
        return False
    for value in list(frame.f_locals.values()):
        if value is caller:
            return True
        if type(value) is tuple and any(each is caller for each in value[:3]):
            return True
    return False


def _handler_codes() -> set[CodeType]:
    import signal

    codes = set()
    for number in signal.valid_signals():
        code = _code_of(signal.getsignal(number))
        if code is not None:
            codes.add(code)
    return codes


def _code_of(handler: Any) -> CodeType | None:
    """Return the code of a function, method, partial or callable object."""
    for _ in range(4):
        code = getattr(handler, "__code__", None)
        if code is not None or handler is None or isinstance(handler, int):
            found: CodeType | None = code
            return found
        handler = (
            getattr(handler, "__func__", None)
            or getattr(handler, "func", None)
            or vars(type(handler)).get("__call__")
        )
    return None
