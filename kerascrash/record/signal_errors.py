"""Exceptions that a signal handler of the user's raised while our code was running."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


def raised_by_signal_handler(error: BaseException) -> bool:
    """
    Return whether the exception came through a handler that is installed now.

    Such a one (a timeout by ``SIGALRM``, say) belongs to the user's code, which we only
    happened to interrupt; any other that meets us is ours to swallow.
    """
    handlers = _handler_codes()
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _handler_codes() -> set[CodeType]:
    import signal

    codes = set()
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        if code is not None:
            codes.add(code)
    return codes
