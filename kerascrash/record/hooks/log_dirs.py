"""
Folders that TensorBoard and the profiler write to: the report looks there for traces.

Seen through Keras' ``TensorBoard`` callback; writers that a custom loop makes by itself
are not.
"""

from __future__ import annotations

import os
from functools import partial

from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "log_dirs"
MODULES = ("keras.src.callbacks.tensorboard", "tf_keras.src.callbacks")


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def observe(module: Any) -> None:
        from kerascrash.record.patching import observe_calls

        removers.append(
            observe_calls(
                recorder, NAME, module.TensorBoard, "__init__",
                after=partial(_note, recorder),
            )
        )  # fmt: skip

    removers.extend(when_imported(recorder, NAME, name, observe) for name in MODULES)

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _note(
    recorder: Recorder, _token: None, made: Any, _args: Any, _kwargs: Any, *, ok: bool
) -> None:
    path = getattr(made, "log_dir", None)
    if ok and isinstance(path, (str, os.PathLike)):
        text = os.path.abspath(os.fspath(path))
        recorder.event(EventKind.LOG_DIR, path=text, what="tensorboard")


HOOK = Hook(NAME, _install)
