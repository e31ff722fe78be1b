"""
How the program ends: at the end of its main script, by ``sys.exit``, by ``os._exit``.

``sys.exit`` and ``os._exit`` are wrapped to note status and place; the built-in does
the work. ``raise SystemExit`` is seen without its status: the watcher learns that from
the kernel. A death by signal passes none of these.
"""

from __future__ import annotations

import atexit
import os
import sys

from kerascrash.dump.records import EventKind, Stage, State
from kerascrash.record.dump_header import has_died
from kerascrash.record.folder import remove_dump
from kerascrash.record.hook import Hook, guarded
from kerascrash.record.places import caller_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from kerascrash.record.recorder import Recorder

NAME = "exit"


class _Ending:
    """What is known of the end so far."""

    def __init__(self) -> None:
        self.status: int | None = 0
        self.how = "main finished"
        self.where: dict[str, Any] | None = None


def _install(recorder: Recorder) -> Callable[[], None]:
    ending = _Ending()
    finish = guarded(recorder, NAME, _finish)

    def at_exit() -> None:
        finish(recorder, ending)

    atexit.register(at_exit)
    restore = [_wrap_sys_exit(recorder, ending), _wrap_os_exit(recorder)]

    def remove() -> None:
        atexit.unregister(at_exit)
        for each in restore:
            each()

    return remove


def _wrap_sys_exit(recorder: Recorder, ending: _Ending) -> Callable[[], None]:
    original = sys.exit
    note = guarded(recorder, NAME, _note_sys_exit)

    def exit(status: Any = None, /) -> NoReturn:  # noqa: A001 - it stands in for it
        note(recorder, ending, status)
        original(status)

    _dress(exit, original, "sys")
    sys.exit = exit

    def restore() -> None:
        if sys.exit is exit:
            sys.exit = original

    return restore


def _wrap_os_exit(recorder: Recorder) -> Callable[[], None]:
    original = os._exit
    note = guarded(recorder, NAME, _note_os_exit)

    def _exit(status: int) -> NoReturn:
        note(recorder, status)
        original(status)

    _dress(_exit, original, "os")
    os._exit = _exit

    def restore() -> None:
        if os._exit is _exit:
            os._exit = original

    return restore


def _dress(wrapper: Any, original: Any, module: str) -> None:
    """Let the wrapper look, and be pickled, like what it stands for."""
    wrapper.__module__ = module
    wrapper.__qualname__ = original.__name__
    wrapper.__doc__ = original.__doc__


def _note_sys_exit(recorder: Recorder, ending: _Ending, status: Any) -> None:
    """Only the main thread's exit ends the program; it may still be caught."""
    threading = sys.modules.get("threading")
    if recorder.detached or (
        threading is not None and threading.get_ident() != threading.main_thread().ident
    ):
        return
    ending.status = 0 if status is None else status if isinstance(status, int) else 1
    ending.how = "SystemExit"
    ending.where = _with_source(caller_place(4))


def _with_source(place: dict[str, Any] | None) -> dict[str, Any] | None:
    """Add the lines around: no look at the stacks is as fresh as this place."""
    if place is not None:
        from kerascrash.record.sources import excerpt

        place["excerpt"] = excerpt(place["file"], place["line"])
    return place


def _note_os_exit(recorder: Recorder, status: Any) -> None:
    if recorder.detached or os.getpid() != recorder.pid:
        return
    frame = sys._getframe(3)  # noqa: SLF001 - who called os._exit
    of_multiprocessing = frame.f_globals.get("__name__", "").startswith(
        "multiprocessing"
    )
    code = status if isinstance(status, int) else None
    recorder.event(
        EventKind.EXIT, status=code, how="os._exit",
        where=_with_source(caller_place(4)),
        clean=of_multiprocessing and code == 0,
    )  # fmt: skip
    recorder.stop()
    if of_multiprocessing and code == 0:
        _leave_clean(recorder)


def _finish(recorder: Recorder, ending: _Ending) -> None:
    """Runs after the user's own exit functions, as it was registered before them."""
    if recorder.detached or os.getpid() != recorder.pid:
        return
    status, how, where = ending.status, ending.how, ending.where
    if recorder.exception_seen:
        status, how, where = 1, "uncaught exception", None
    recorder.begin_stage(Stage.EXIT, None)
    recorder.event(EventKind.EXIT, status=status, how=how, where=where)
    recorder.stop()
    if status == 0:
        _leave_clean(recorder)


def _leave_clean(recorder: Recorder) -> None:
    """
    Mark the dump as finished; remove it where no watcher will.

    The watcher waits for the process to be gone: an interpreter can still crash while
    it shuts down. A watcher of PID 1 would die with it, so there is none. A worker that
    leaves because its parent has died keeps what it has to tell of that.
    """
    if not recorder.dismissed:
        recorder.writer.set_state(State.FINISHED)
    final = recorder.final_path
    if final is not None and os.path.islink(final):
        os.unlink(final)
    if recorder.parent_dump is not None and has_died(recorder.parent_dump):
        return
    if not recorder.settings.keep_always and not recorder.is_watched():
        remove_dump(recorder.writer.path)


HOOK = Hook(NAME, _install)
