"""
Run a function on the user's main thread, between two of its bytecodes.

While it runs there the user's main thread stands still: nothing that it owns can be
freed or resized under our hands, and what we let go of is let go of by the thread that
made it. ``Py_AddPendingCall`` runs things where CPython runs signal handlers. It has
these guards: a request that is not answered in time is withdrawn and does nothing
later; a forked child, a finalizing interpreter and a traced or profiled thread are left
alone; an exception that a signal handler of the user's raises meanwhile is handed on.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import threading
import time

from kerascrash.record.signal_errors import must_reach_the_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

DONE, LATE, REFUSED = "done", "late", "refused"
GIVE_UP_S = 5.0
"""Seconds after which a function that has begun there is waited for no more."""
ASK_AGAIN_S = 60.0

LEAVING_TRIES, LEAVING_DEPTH = 100, 40


class Request:
    """One function to be run; whoever takes ``claim`` first decides its fate."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function
        self.claim = _thread.allocate_lock()
        self.finished = _thread.allocate_lock()
        self.finished.acquire()
        self.outcome = LATE
        self.pid = os.getpid()


class MainThread:
    """Hands functions to the main thread; ``call`` is for any other thread."""

    def __init__(self) -> None:
        self.ident = threading.main_thread().ident
        self.traced = False
        """Whether the main thread was seen traced or profiled in its last answer."""
        self._asked_at = 0.0
        self._waiting: list[Request] = []
        self._pending = False
        """A call of ours lies in CPython's queue and has not been run."""
        self._interrupted: list[type[BaseException]] = []
        self._api: Any = None
        self._entry: Any = None
        self._pointer: Any = None
        self._usable: bool | None = None

    def prepare(self) -> bool:
        """Import and build what is needed; return whether calls can be made."""
        if self._usable is None:
            try:
                import ctypes

                self._api = ctypes.pythonapi
                shape = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
                self._entry = shape(self._answer)
                self._pointer = ctypes.cast(self._entry, ctypes.c_void_p)
                self._api.Py_AddPendingCall.argtypes = [
                    ctypes.c_void_p,
                    ctypes.c_void_p,
                ]
                _keep_for_ever.append(self._entry)
                self._usable = sys.implementation.name == "cpython"
            except (ImportError, AttributeError, OSError):
                self._usable = False
        return self._usable

    def call(self, function: Callable[[], None], wait_s: float) -> str:
        """Run ``function`` there; return DONE, LATE (it will never run) or REFUSED."""
        if not self.prepare() or sys.is_finalizing():
            return REFUSED
        if self._is_observed():
            return REFUSED  # a debugger would stop in our code, a profile list it
        request = Request(function)
        self._waiting.append(request)
        if not self._pending:  # one entry answers all: CPython's queue holds but 32
            self._pending = True
            if self._api.Py_AddPendingCall(self._pointer, None) != 0:
                self._pending = False
                self._withdraw(request)
                return LATE  # it is full: the main thread is deep in native code
        answered = request.finished.acquire(timeout=wait_s)
        if not answered and not request.claim.acquire(blocking=False):
            request.finished.acquire(timeout=GIVE_UP_S)
        if request.outcome == LATE:
            self._withdraw(request)
        if self._interrupted:
            self._hand_on()
        return request.outcome

    def _withdraw(self, request: Request) -> None:
        with contextlib.suppress(ValueError):  # the main thread has taken it meanwhile
            self._waiting.remove(request)

    def _is_observed(self) -> bool:
        """
        Return whether the main thread is traced or profiled, as far as can be seen.

        A profiler in C shows only there: it is looked for again once a minute.
        """
        monitoring = getattr(sys, "monitoring", None)  # 3.12
        if monitoring is not None and any(map(monitoring.get_tool, range(6))):
            self.traced = True
            return True
        frame = sys._current_frames().get(self.ident or 0)  # noqa: SLF001
        for _ in range(LEAVING_DEPTH):
            if frame is None:
                break
            if frame.f_trace is not None:
                self.traced = True
                return True
            frame = frame.f_back
        return self.traced and time.monotonic() - self._asked_at < ASK_AGAIN_S

    def _answer(self, _: object) -> int:
        self._pending = False  # before looking: who comes later asks anew
        try:
            while self._waiting:
                self._run(self._waiting.pop(0))
        except BaseException as error:
            if must_reach_the_user(error):
                self._interrupted.append(type(error))
        return 0

    def _run(self, request: Request) -> None:
        if request.pid != os.getpid() or not request.claim.acquire(blocking=False):
            return
        try:
            self._asked_at = time.monotonic()
            self.traced = sys.gettrace() is not None or sys.getprofile() is not None
            if self.traced or sys.is_finalizing():
                request.outcome = REFUSED
                return
            request.function()
            request.outcome = DONE
        finally:
            request.finished.release()

    def _hand_on(self) -> None:
        interrupted, self._interrupted = self._interrupted, []
        hand_on(self.ident or 0, interrupted, __file__)


def hand_on(ident: int, kinds: list[type[BaseException]], file: str) -> None:
    """
    Raise in the user's code what their signal handler has raised in ours.

    Only the class can be handed on, and not before our code in ``file`` has been left:
    raised in a callback of C it would be lost. For any thread but ``ident`` itself.
    """
    import ctypes

    for _ in range(LEAVING_TRIES):
        frame = sys._current_frames().get(ident)  # noqa: SLF001
        if frame is None or not _is_in(frame, file):
            break
        del frame
        time.sleep(0.001)
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for kind in kinds:
        throw(ctypes.c_ulong(ident), ctypes.py_object(kind))


def _is_in(frame: FrameType | None, file: str) -> bool:
    """Return whether code of ``file`` is on the stack."""
    for _ in range(LEAVING_DEPTH):
        if frame is None:
            break
        if frame.f_code.co_filename == file:
            return True
        frame = frame.f_back
    return False


_keep_for_ever: list[Any] = []
"""A call may be pending when its MainThread is gone: C must find the function."""
