"""
Arrays that NumPy reads from a file whole: shape, dtype and bytes, before they are read.

A process that dies while it reads holds no name for the array yet. Seen where NumPy has
understood the file's header (``.npy`` and the members of ``.npz``); files that are only
mapped, and smaller ones, are left out. Other formats (HDF5, images) are not seen.
"""

from __future__ import annotations

import sys

from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook, guarded
from kerascrash.record.module_watch import when_imported
from kerascrash.record.places import find_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "array_files"
MODULES = ("numpy.lib._format_impl", "numpy.lib.format")
"""Where the reader lies: since NumPy 2.3, and before."""
_READER, _READS_HEADER = "read_array", "_read_array_header"
_LEAST_BYTES = 16 << 20
_DIMENSIONS = 16


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def observe(module: Any) -> None:
        from kerascrash.record.patching import imitate

        original = vars(module).get(_READS_HEADER)
        if original is None:
            return  # the other module has it
        note = guarded(recorder, NAME, _note)

        def observed(*args: Any, **kwargs: Any) -> Any:
            header = original(*args, **kwargs)
            note(recorder, header)
            return header

        imitate(observed, original)
        setattr(module, _READS_HEADER, observed)

        def undo() -> None:
            if vars(module).get(_READS_HEADER) is observed:
                setattr(module, _READS_HEADER, original)

        removers.append(undo)

    removers.extend(when_imported(recorder, NAME, name, observe) for name in MODULES)

    def remove() -> None:
        for each in removers:
            each()

    return remove


def _note(recorder: Recorder, header: tuple[tuple[int, ...], bool, Any]) -> None:
    caller = sys._getframe(3)  # noqa: SLF001 - who asked for the header
    if caller.f_code.co_name != _READER:
        return
    shape, _, dtype = header
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size >= _LEAST_BYTES:
        recorder.event(
            EventKind.LOADING, shape=list(shape[:_DIMENSIONS]), dtype=str(dtype)[:80],
            bytes=size, where=find_place(caller),
        )  # fmt: skip


HOOK = Hook(NAME, _install)
