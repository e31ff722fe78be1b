"""
A notebook's kernel that is asked to end: by its user, who restarts it or closes it.

The request reaches the kernel on a channel of its own, even while a cell runs. A kernel
that does not follow soon is then ended by its server with SIGTERM and SIGKILL: no death
either, so the dump's state tells. A kernel that is killed unasked is a death.
"""

from __future__ import annotations

from kerascrash.dump.records import State
from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported
from kerascrash.record.patching import observe_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "notebook"
_KERNEL = "ipykernel.ipkernel"


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def asked_to_end(*_: Any) -> None:
        if not recorder.detached:
            recorder.dismissed = True
            recorder.writer.set_state(State.DISMISSED)

    def observe(module: Any) -> None:
        kernel = module.IPythonKernel
        undo = observe_calls(recorder, NAME, kernel, "do_shutdown", before=asked_to_end)
        removers.append(undo)

    removers.append(when_imported(recorder, NAME, _KERNEL, observe))

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
