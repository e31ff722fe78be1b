"""
Forked children: the child never touches the parent's dump; the parent notes the child.

A fork waits for the sampler's tick to end, so that the child begins with no lock held
by a thread that it does not have. Where the sampler is the only other thread it ends
for the fork: CPython 3.12 counts the threads right after, and warns the user of them.
"""

from __future__ import annotations

import _thread
import os
import time

from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook, guarded
from kerascrash.record.signal_errors import must_reach_the_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder

NAME = "fork"
PARTED, LOCKED = "parted", "locked"
_PATIENCE_S = 1.0
_TURN_S = 0.002


def _install(recorder: Recorder) -> Callable[[], None]:
    quiet = _Quiet(recorder)
    note = guarded(recorder, NAME, _note_child)

    def in_parent() -> None:
        quiet.end()
        if quiet.active:
            note(recorder)

    def in_child() -> None:
        quiet.end_in_child()
        recorder.detach()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=quiet.begin, after_in_parent=in_parent, after_in_child=in_child
        )

    def remove() -> None:
        quiet.active = False

    return remove


class _Quiet:
    """The sampler's rest while a fork is made; several threads may fork at once."""

    def __init__(self, recorder: Recorder) -> None:
        self.active = True
        self._recorder = recorder
        self._how: list[str] = []

    def begin(self) -> None:
        sampler = self._recorder.sampler
        if not self.active or self._recorder.detached or sampler is None:
            return
        how = PARTED if _is_only_other_thread() else LOCKED
        try:
            if how == PARTED:
                sampler.part(_PATIENCE_S)
            elif not _acquire(sampler.lock):
                how = ""
        except BaseException as error:  # raised from here it would be lost
            how = "" if how == LOCKED else how
            if must_reach_the_user(error):
                sampler.interrupted.append(type(error))
        self._how.append(how)

    def end(self) -> None:
        sampler, how = self._recorder.sampler, self._how.pop() if self._how else ""
        if sampler is not None and how == LOCKED:
            sampler.lock.release()
        elif sampler is not None and how == PARTED:
            sampler.resume()

    def end_in_child(self) -> None:
        sampler = self._recorder.sampler
        if sampler is not None and self._how and self._how.pop() == LOCKED:
            sampler.lock.release()
        self._how.clear()


def _is_only_other_thread() -> bool:
    try:
        return len(os.listdir("/proc/self/task")) == 2
    except OSError:
        return False


def _acquire(lock: _thread.LockType) -> bool:
    """Wait in short turns: between them this thread answers a scan that asks for it."""
    give_up = time.monotonic() + _PATIENCE_S
    while not lock.acquire(timeout=_TURN_S):
        if time.monotonic() > give_up:
            return False
    return True


def _note_child(recorder: Recorder) -> None:
    if not recorder.detached:
        recorder.event(
            EventKind.CHILD, pid=_newest_child(), how="fork", command=None,
            dump=None, ended=None,
        )  # fmt: skip


def _newest_child() -> int | None:
    """Return the child that this thread made last: the kernel lists them in order."""
    name = f"/proc/self/task/{_thread.get_native_id()}/children"
    try:
        with open(name, encoding="ascii") as children:
            pids = children.read().split()
    except OSError:
        return None
    return int(pids[-1]) if pids else None


HOOK = Hook(NAME, _install)
