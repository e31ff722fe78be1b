"""
Stage ``CHECKPOINT``, and an event for each checkpoint that was written to the end.

The event tells its size, and what is free of its disk and the whole of that (null where
they cannot be asked for); the end of a stage that failed tells the path.

Keras' callbacks (``ModelCheckpoint``, ``BackupAndRestore``) save through the model's
own methods; custom loops through ``tf.train.Checkpoint``. Other ways of saving
(``pickle``, Orbax) are not seen.
"""

from __future__ import annotations

import os
from functools import partial

from kerascrash.dump.records import EventKind, Stage
from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported
from kerascrash.record.places import caller_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "checkpoints"
SAVERS = (
    ("keras.src.models.model", "Model", ("save", "save_weights")),
    ("tf_keras.src.engine.training", "Model", ("save", "save_weights")),
    ("tensorflow.python.checkpoint.checkpoint", "Checkpoint", ("write",)),
)
_DEPTH = 4


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def observe(owner: str, methods: tuple[str, ...], module: Any) -> None:
        from kerascrash.record.patching import observe_calls

        removers.extend(
            observe_calls(
                recorder, NAME, getattr(module, owner), method,
                before=lambda *_: _begin(recorder), after=partial(_end, recorder),
            )
            for method in methods
        )  # fmt: skip

    for module_name, owner, methods in SAVERS:
        call = partial(observe, owner, methods)
        removers.append(when_imported(recorder, NAME, module_name, call))

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _begin(recorder: Recorder) -> Any:
    """``save`` may call ``save_weights``: the outermost is the checkpoint."""
    if recorder.detached or recorder.stage is Stage.CHECKPOINT:
        return None
    return recorder.begin_stage(Stage.CHECKPOINT, caller_place(_DEPTH))


def _end(
    recorder: Recorder,
    stage: Any,
    _model: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    ok: bool,
) -> None:
    if stage is None:
        return
    given = next(
        (kwargs[key] for key in ("filepath", "file_prefix", "path") if key in kwargs),
        args[0] if args else None,
    )
    path = ""
    if isinstance(given, (str, os.PathLike)):
        path = os.path.abspath(os.fspath(given))
    recorder.end_stage(stage, **({"ok": True} if ok else {"ok": False, "path": path}))
    if ok and path:
        size, free, total = _size_and_room(path)
        recorder.event(
            EventKind.CHECKPOINT, path=path, step=recorder.step, epoch=recorder.epoch,
            size=size, free=free, total=total,
        )  # fmt: skip


def _size_and_room(path: str) -> tuple[int | None, int | None, int | None]:
    """Return bytes of the file; of where it lies those free for this user, and all."""
    try:
        room = os.statvfs(os.path.dirname(path))
        size, unit = os.stat(path).st_size, room.f_frsize
    except OSError:
        return None, None, None
    return size, room.f_bavail * unit, room.f_blocks * unit


HOOK = Hook(NAME, _install)
