"""Where dumps would go: writable, with room, on a disk that outlives the death."""

from __future__ import annotations

import os
import tempfile

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.record.filesystem import filesystem_of, is_memory, is_risky
from kerascrash.record.folder import candidate_folders
from kerascrash.record.settings import read_settings
from kerascrash.units import format_bytes

_ELSEWHERE = "export KERASCRASH_DIR=/a/folder/on/a/local/disk"


def _examine() -> Result | None:
    settings = read_settings(os.environ)
    problems: list[str] = []
    for folder in candidate_folders(settings.dir):
        problem = _why_not(folder)
        if not problem:
            return _judge(folder, settings.size, problems)
        problems.append(f"{folder}: {problem}")
    return Result("missing", "; ".join(problems), "Nothing is recorded.", _ELSEWHERE)


def _why_not(folder: str) -> str:
    """Return why nothing can be written there, by writing something."""
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder)):
            return ""
    except OSError as error:
        return str(error.strerror)


def _existing(folder: str) -> str:
    """Return the folder, or the nearest one above it that exists."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _judge(folder: str, size: int, problems: list[str]) -> Result:
    place = _existing(folder)
    facts = os.statvfs(place)
    free, kind = facts.f_bavail * facts.f_frsize, filesystem_of(place)
    found = f"{folder} ({kind or 'unknown file system'}, {format_bytes(free)} free)"
    if problems:
        found = f"{problems[0]}; using {found}"
    data = {"folder": folder, "filesystem": kind, "free": free, "size": size}
    if free < size:
        meaning = f"A dump takes {format_bytes(size)}; without it nothing is recorded."
        return Result("missing", found, meaning, _ELSEWHERE, data)
    if is_memory(kind):
        meaning = "A dump there survives the process, but not the machine or container."
        return Result("weaker", found, meaning, _ELSEWHERE, data)
    if is_risky(kind):
        meaning = (
            "The dump lies on a local disk until the watcher has copied it here: if "
            "the machine goes first, so does the dump."
        )
        return Result("weaker", found, meaning, _ELSEWHERE, data)
    return Result("weaker" if problems else "ok", found, data=data)


CHECK = Check("dump_folder", "dump folder", "dump", _examine)
