"""
Forked children: the child never touches the parent's dump; the parent notes the child.

A fork waits for the sampler's tick to end, so that the child begins with no lock held
by a thread that it does not have.
"""

from __future__ import annotations

import _thread
import os
import time

from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder

NAME = "fork"
_PATIENCE_S = 1.0
_TURN_S = 0.002


def _install(recorder: Recorder) -> Callable[[], None]:
    active = True
    held: list[bool] = []

    def before() -> None:
        if active and not recorder.detached and recorder.sampler is not None:
            held.append(_acquire(recorder.sampler.lock))

    def release() -> None:
        sampler = recorder.sampler
        if held and held.pop() and sampler is not None:
            sampler.lock.release()

    note = guarded(recorder, NAME, _note_child)

    def in_parent() -> None:
        release()
        if active:
            note(recorder)

    def in_child() -> None:
        release()
        recorder.detach()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=before, after_in_parent=in_parent, after_in_child=in_child
        )

    def remove() -> None:
        nonlocal active
        active = False

    return remove


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
