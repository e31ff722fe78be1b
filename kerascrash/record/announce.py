"""
One line about the previous run of the same script, when that one died.

A dump that is left behind belongs to a death: a clean exit removes its own. Each is
announced once; ``.announced`` in the folder keeps the names.
"""

from __future__ import annotations

import contextlib
import os

from kerascrash.record.dump_header import ended_well, is_alive, read_header
from kerascrash.record.folder import list_dumps, remove_dump
from kerascrash.record.identity import (
    NOTEBOOK,
    NOTEBOOK_SUFFIX,
    short_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.record.recorder import Recorder

_MEMORY_FILE = ".announced"


def announce_previous(recorder: Recorder, folder: str) -> None:
    """Tell that the newest earlier run of this script died, unless told before."""
    own = os.path.basename(recorder.writer.path)
    script = recorder.script
    same = [
        name
        for name, short, pid in list_dumps(folder)
        if short == short_name(script) and name != own and pid != recorder.pid
    ]
    if not same:
        return
    told = _read_told(folder)
    for name in reversed(same):
        path = os.path.join(folder, name)
        header = read_header(path)
        if header is None or header.get("script") != script or is_alive(header):
            continue
        if ended_well(header) and not recorder.settings.keep_always:
            remove_dump(path)  # its watcher died with it (a container's clean end)
            continue
        if name not in told and not ended_well(header):
            recorder.warn(
                f"{_what_died(script)} died; what happened: "
                f"kerascrash report {_shortest(path)}"
            )
            _write_told(folder, {*told, name}.intersection({*same, name}))
        return


def _what_died(script: str) -> str:
    if script == NOTEBOOK:
        return "the previous kernel of a notebook in this folder"
    if script.endswith(NOTEBOOK_SUFFIX):
        return "the previous kernel of this notebook"
    return "the previous run of this script"


def _shortest(path: str) -> str:
    with contextlib.suppress(OSError, ValueError):  # ValueError: another drive
        relative = os.path.relpath(path)
        return relative if len(relative) < len(path) else path
    return path


def _read_told(folder: str) -> set[str]:
    try:
        with open(os.path.join(folder, _MEMORY_FILE), encoding="utf-8") as told:
            return set(told.read(100_000).split("\n"))
    except (OSError, ValueError):
        return set()


def _write_told(folder: str, names: set[str]) -> None:
    with contextlib.suppress(OSError):
        path = os.path.join(folder, _MEMORY_FILE)
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(sorted(names)))
