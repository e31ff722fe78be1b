"""Making this process's dump, in the best folder that takes it."""

from __future__ import annotations

import contextlib
import os

from kerascrash.dump.layout import WORKER_SIZE
from kerascrash.dump.writer import create_dump
from kerascrash.record.folder import (
    candidate_folders,
    dump_name,
    prepare_folder,
    ring_folder,
)
from kerascrash.record.identity import describe_self, short_name
from kerascrash.record.say import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.dump.writer import DumpWriter
    from kerascrash.record.settings import Settings


class Opened:
    """A new dump; ``final_path`` when its ring lies elsewhere for now."""

    def __init__(self, writer: DumpWriter, folder: str, final_path: str | None) -> None:
        self.writer = writer
        self.folder = folder
        self.final_path = final_path


def open_dump(settings: Settings, parent_dump: str | None) -> Opened | None:
    """
    Return a new dump; None, and one line to the user, where none can be made.

    A worker's small ring lies beside its parent's, where the watcher looks for it.
    """
    about = describe_self(parent_dump)
    if parent_dump is None:
        folders = candidate_folders(settings.dir)
        size, movable = settings.size, settings.watcher
    else:
        folders = [os.path.dirname(parent_dump)]
        size, movable = min(settings.size, WORKER_SIZE), False
    problems = []
    for folder in folders:
        try:
            opened = _try_folder(folder, about, size, movable=movable)
        except OSError as error:
            problems.append(f"{folder}: {error.strerror or error}")
            continue
        if settings.dir and problems:
            problem = f"{problems[0]}; using {folder}"
            settings.problems.append(("KERASCRASH_DIR", settings.dir, problem))
        return opened
    if not settings.quiet:
        say(f"not armed, the training goes on without: {'; '.join(problems)}")
    return None


def _try_folder(
    folder: str, about: dict[str, Any], size: int, *, movable: bool
) -> Opened:
    """Return a dump for ``folder``; raises OSError when that cannot be."""
    prepare_folder(folder)
    script = about["script"]
    unnamed = about["worker"] and script == "-c"  # multiprocessing starts it like that
    name = dump_name("worker" if unnamed else short_name(script), os.getpid())
    ring = os.path.join(ring_folder(folder, copied_later=movable), name)
    final = os.path.join(folder, name)
    if ring == final:
        try:
            writer = create_dump(ring, size=size, identity=about)
        except FileNotFoundError:  # a run that ended just now has taken it away
            prepare_folder(folder)
            writer = create_dump(ring, size=size, identity=about)
        return Opened(writer, folder, None)
    writer = create_dump(ring, size=size, identity={**about, "final_path": final})
    with contextlib.suppress(OSError):  # only a pointer, for whoever looks there
        os.symlink(ring, final)
    return Opened(writer, folder, final)
