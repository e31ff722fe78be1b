"""
Folders that TensorBoard and the profiler write to: the report looks there for traces.

Seen through Keras' ``TensorBoard`` callback, ``tf.profiler.experimental.start`` (and
``Profile``) and ``jax.profiler.start_trace``, where those are imported after arming;
writers of summaries that a custom loop makes by itself are not.
"""

from __future__ import annotations

import os
from functools import partial

from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook, guarded
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "log_dirs"
_MOST = 64
_noted: set[str] = set()
MODULES = ("keras.src.callbacks.tensorboard", "tf_keras.src.callbacks")
PROFILERS = (
    ("tensorflow.python.profiler.profiler_v2", "start", "logdir"),
    ("jax._src.profiler", "start_trace", "log_dir"),
)


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
    for module_name, function, argument in PROFILERS:
        call = partial(_observe_profiler, recorder, removers, function, argument)
        removers.append(when_imported(recorder, NAME, module_name, call))

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _observe_profiler(
    recorder: Recorder,
    removers: list[Callable[[], None]],
    function: str,
    name: str,
    module: Any,
) -> None:
    from kerascrash.record.patching import argument, imitate

    original = getattr(module, function)
    note = guarded(recorder, NAME, _note_path)

    def observed(*args: Any, **kwargs: Any) -> Any:
        note(recorder, argument(args, kwargs, 0, name), "profiler")
        return original(*args, **kwargs)

    imitate(observed, original)
    setattr(module, function, observed)

    def restore() -> None:
        if getattr(module, function, None) is observed:
            setattr(module, function, original)

    removers.append(restore)


def _note(
    recorder: Recorder, _token: None, made: Any, _args: Any, _kwargs: Any, *, ok: bool
) -> None:
    if ok:
        _note_path(recorder, getattr(made, "log_dir", None), "tensorboard")


def _note_path(recorder: Recorder, path: Any, what: str) -> None:
    """A warm-up of the profiler has an empty path; the same one is noted once."""
    if isinstance(path, (str, os.PathLike)) and os.fspath(path):
        text = os.path.abspath(os.fspath(path))
        if text not in _noted and len(_noted) < _MOST:
            _noted.add(text)
            recorder.event(EventKind.LOG_DIR, path=text, what=what)


HOOK = Hook(NAME, _install)
