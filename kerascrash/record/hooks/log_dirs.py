"""
Folders that TensorBoard and the profiler write to: the report looks there for traces.

Seen where they are named: Keras' ``TensorBoard`` callback, the profilers' own start
calls of TensorFlow and JAX, TensorFlow's summary writers. A call that the user imported
by itself before arming (``from … import start``) is not seen.
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
CALLBACKS = ("keras.src.callbacks.tensorboard", "tf_keras.src.callbacks")
_SUMMARY = ("create_file_writer", "logdir", "tensorboard")
_START = ("start", "logdir", "profiler")
_START_TRACE = ("start_trace", "log_dir", "profiler")
CALLS = (
    ("tensorflow.python.profiler.profiler_v2", *_START),
    ("tensorflow._api.v2.profiler.experimental", *_START),
    ("tensorflow._api.v2.summary", *_SUMMARY),
    ("jax._src.profiler", *_START_TRACE),
    ("jax.profiler", *_START_TRACE),
)
"""Module, its function, the argument that names the folder, and what writes there."""
_MOST = 64


class _Folders:
    """Writes each folder down once."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._known: set[str] = set()

    def note(self, path: Any, what: str) -> None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            return  # a warm-up of the profiler has an empty path
        text = os.path.abspath(os.fspath(path))
        if text not in self._known and len(self._known) < _MOST:
            self._known.add(text)
            self._recorder.event(EventKind.LOG_DIR, path=text, what=what)

    def of_callback(
        self, _token: None, made: Any, _args: Any, _kwargs: Any, *, ok: bool
    ) -> None:
        """Note what a ``TensorBoard`` callback was made with."""
        if ok:
            self.note(getattr(made, "log_dir", None), "tensorboard")


def _install(recorder: Recorder) -> Callable[[], None]:
    folders = _Folders(recorder)
    removers: list[Callable[[], None]] = []

    def observe_callback(module: Any) -> None:
        from kerascrash.record.patching import observe_calls

        removers.append(
            observe_calls(
                recorder, NAME, module.TensorBoard, "__init__",
                after=folders.of_callback,
            )
        )  # fmt: skip

    def observe_call(name: str, argument: str, what: str, module: Any) -> None:
        removers.append(_observe(recorder, folders, (name, argument, what), module))

    removers.extend(
        when_imported(recorder, NAME, name, observe_callback) for name in CALLBACKS
    )
    removers.extend(
        when_imported(recorder, NAME, module, partial(observe_call, *call))
        for module, *call in CALLS
    )

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _observe(
    recorder: Recorder, folders: _Folders, call: tuple[str, str, str], module: Any
) -> Callable[[], None]:
    """Let a module's function note the folder it is called with; return how to undo."""
    from kerascrash.record.patching import argument, imitate

    name, key, what = call
    original = vars(module)[name]

    def see(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        folders.note(argument(args, kwargs, 0, key), what)

    seen = guarded(recorder, NAME, see)

    def observed(*args: Any, **kwargs: Any) -> Any:
        seen(args, kwargs)
        return original(*args, **kwargs)

    imitate(observed, original)
    setattr(module, name, observed)

    def undo() -> None:
        if vars(module).get(name) is observed:
            setattr(module, name, original)

    return undo


HOOK = Hook(NAME, _install)
