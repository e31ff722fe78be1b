"""
Stage ``IMPORT``: from the import of a framework until its package is there.

The end of an import that fails is noticed by the sampler.
"""

from __future__ import annotations

from kerascrash.dump.records import Stage
from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import is_imported, when_imported, when_sought
from kerascrash.record.places import caller_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder

NAME = "imports"
FRAMEWORKS = ("tensorflow", "keras", "tf_keras", "jax", "torch")


def _install(recorder: Recorder) -> Callable[[], None]:
    removers = [
        when_sought(recorder, NAME, name, _beginner(recorder, name))
        for name in FRAMEWORKS
        if not is_imported(name)
    ]

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _beginner(recorder: Recorder, name: str) -> Callable[[], None]:
    def begin() -> None:
        if recorder.stage is Stage.NONE and not recorder.detached:
            entry = recorder.begin_stage(Stage.IMPORT, caller_place(), lingering=True)
            recorder.ends.append((entry, lambda: is_imported(name)))
            when_imported(recorder, NAME, name, lambda _: recorder.end_stage(entry))

    return begin


HOOK = Hook(NAME, _install)
