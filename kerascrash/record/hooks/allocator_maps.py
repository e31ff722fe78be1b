"""
``KERASCRASH_BFC_DUMP=1``: TensorFlow writes its allocator's map at a failed request.

It looks for ``TF_BFC_MEMORY_DUMP`` at each failure. A value of the user's own stays,
and the report is told where to look; one inherited from an armed parent is replaced.
"""

from __future__ import annotations

import os

from kerascrash.dump.beside import (
    MAP_PREFIX,
    MAPS,
    TRACES_SUFFIX,
    traces_folder,
)
from kerascrash.dump.records import EventKind
from kerascrash.record.hook import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder

VARIABLE = "TF_BFC_MEMORY_DUMP"


def _install(recorder: Recorder) -> Callable[[], None]:
    if not recorder.settings.bfc_dump:
        return _nothing
    chosen = os.environ.get(VARIABLE, "")
    if chosen and f"{TRACES_SUFFIX}{os.sep}{MAPS}{os.sep}" not in chosen:
        folder = os.path.dirname(os.path.abspath(chosen))
        recorder.event(EventKind.LOG_DIR, path=folder, what="allocator maps")
        return _nothing
    folder = os.path.join(traces_folder(recorder.writer.path), MAPS)
    os.makedirs(folder, 0o700, exist_ok=True)
    os.environ[VARIABLE] = os.path.join(folder, MAP_PREFIX)

    def remove() -> None:
        os.environ.pop(VARIABLE, None)

    return remove


def _nothing() -> None:
    """There is nothing to take out."""


HOOK = Hook("allocator_maps", _install)
