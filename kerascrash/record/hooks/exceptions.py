"""
Uncaught exceptions, with traceback; the hooks that were there are called as before.

Exceptions that the user catches are not seen. Unraisable ones (in ``__del__``) end no
program and are left alone.
"""

from __future__ import annotations

import _thread
import sys
import threading

from kerascrash.record.hook import Hook, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "exceptions"


def _install(recorder: Recorder) -> Callable[[], None]:
    safe = guarded(recorder, NAME, _note)

    def note(*args: Any) -> None:
        try:
            safe(*args)
        except BaseException:  # a signal's: raised here it would replace the user's own
            return

    previous = sys.excepthook

    def excepthook(
        kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> Any:
        note(recorder, value, trace, "MainThread")
        return previous(kind, value, trace)

    sys.excepthook = excepthook
    restore_threads = _hook_threads(note, recorder)

    def remove() -> None:
        if sys.excepthook is excepthook:
            sys.excepthook = previous
        restore_threads()

    return remove


def _hook_threads(note: Callable[..., Any], recorder: Recorder) -> Callable[[], None]:
    previous = threading.excepthook

    def excepthook(args: threading.ExceptHookArgs) -> Any:
        if args.exc_type is not SystemExit:  # a thread may end like that
            name = getattr(args.thread, "name", None) or "?"
            note(recorder, args.exc_value, args.exc_traceback, name)
        return previous(args)

    threading.excepthook = excepthook

    def restore() -> None:
        if threading.excepthook is excepthook:
            threading.excepthook = previous

    return restore


def _note(
    recorder: Recorder,
    value: BaseException | None,
    trace: TracebackType | None,
    thread: str,
) -> None:
    if recorder.detached or value is None:
        return
    if thread == "MainThread":
        recorder.exception_seen = True
    from kerascrash.record.tracebacks import describe_exception, innermost_frame

    frames = sys._current_frames()  # noqa: SLF001 - the other threads
    if trace is not None:
        frames[_thread.get_ident()] = innermost_frame(trace)
    recorder.note_exception(describe_exception(value, trace, thread), frames)


HOOK = Hook(NAME, _install)
