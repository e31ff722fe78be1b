"""
Where dumps go: ``KERASCRASH_DIR``, ``kerascrash-dumps/`` here, or the state folder.

On file systems where even an allocated file may hit a full disk (copy-on-write), or
where a mapping can stall or die with a server (network, FUSE, 9p), the ring itself
lies on a node-local disk; a symbolic link stands in the folder until the watcher has
put the copy there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

from kerascrash.dump.beside import (
    TRACES_SUFFIX,
    remove_traces,
    remove_tree,
    size_of_traces,
)
from kerascrash.dump.empty_folder import FOLDER_NAME, IGNORE_FILE, IGNORE_TEXT
from kerascrash.dump.layout import WORKER_SIZE
from kerascrash.record.dump_header import read_header
from kerascrash.record.filesystem import filesystem_of, is_memory, is_risky
from kerascrash.record.identity import is_running

SUFFIX = ".bin"
KEEP_DUMPS = 20
KEEP_BYTES = 200 << 20


def candidate_folders(chosen: str) -> list[str]:
    """Return the folders to try, best first; ``chosen`` is ``KERASCRASH_DIR`` or ""."""
    folders = [os.path.abspath(os.path.expanduser(chosen))] if chosen else []
    with contextlib.suppress(OSError):  # the current folder may have been removed
        folders.append(os.path.join(os.getcwd(), FOLDER_NAME))
    folders.append(state_folder())
    return folders


def state_folder() -> str:
    """Return the folder of the user's state where kerascrash keeps dumps."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local/state")
    return os.path.join(base, "kerascrash")


def prepare_folder(folder: str) -> None:
    """Create the folder and its ``.gitignore``; raises OSError if it cannot be used."""
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, IGNORE_FILE)
    if not os.path.exists(ignore):
        with open(ignore, "w", encoding="ascii") as out:
            out.write(IGNORE_TEXT)


def ring_folder(folder: str, *, copied_later: bool) -> str:
    """
    Return where the ring of a dump in ``folder`` should lie: there, or node-local.

    Only when a watcher will copy it after the death (``copied_later``) may it lie
    elsewhere. Falls back to ``folder`` when nothing node-local is better.
    """
    if not copied_later or not is_risky(filesystem_of(folder)):
        return folder
    for base in (os.environ.get("TMPDIR", ""), "/var/tmp", "/tmp"):
        kind = filesystem_of(base) if base and os.path.isdir(base) else ""
        if not kind or is_risky(kind) or is_memory(kind):
            continue
        private = os.path.join(base, f"kerascrash-{os.getuid()}")
        with contextlib.suppress(OSError):
            os.makedirs(private, mode=0o700, exist_ok=True)
            facts = os.lstat(private)
            if facts.st_uid == os.getuid() and facts.st_mode & 0o170077 == 0o040000:
                return private
    return folder


def dump_name(name: str, pid: int) -> str:
    """Return ``<script>-<start time>-<pid>.bin``."""
    return f"{name}-{time.strftime('%Y%m%dT%H%M%S')}-{pid}{SUFFIX}"


def split_name(filename: str) -> tuple[str, str, int] | None:
    """Return (script, start time, pid) of a dump's file name, None for other files."""
    if not filename.endswith(SUFFIX):
        return None
    parts = filename[: -len(SUFFIX)].rsplit("-", 2)
    if len(parts) != 3 or not parts[2].isdigit() or len(parts[1]) != 15:
        return None
    return parts[0], parts[1], int(parts[2])


def list_dumps(folder: str) -> list[tuple[str, str, int]]:
    """Return (file name, script, pid) of the dumps in ``folder``, oldest first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = [(parts[1], name, parts) for name in names if (parts := split_name(name))]
    return [(name, parts[0], parts[2]) for _, name, parts in sorted(found)]


def prune_folder(folder: str) -> None:
    """
    Delete the oldest dumps beyond what is kept; never one whose process lives.

    Workers' rings are part of their parent's dump: they are kept and go with it.
    """
    bytes_kept = dumps_kept = 0
    kept: set[str] = set()
    rings: list[tuple[str, str, int]] = []
    for name, _, pid in reversed(list_dumps(folder)):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            facts = os.lstat(path)
            bytes_kept += facts.st_size + size_of_traces(path)
            parent = _parent_of(path) if facts.st_size <= WORKER_SIZE else ""
            if parent:
                rings.append((path, parent, pid))
                continue
            dumps_kept += 1
            too_much = dumps_kept > KEEP_DUMPS or bytes_kept > KEEP_BYTES
            if too_much and not os.path.islink(path) and not is_running(pid):
                remove_dump(path)
            else:
                kept.add(name)
    for path, parent, pid in rings:
        if parent not in kept and not is_running(pid):
            remove_dump(path)
    _remove_orphans(folder)


def _remove_orphans(folder: str) -> None:
    """Remove the traces of dumps that somebody has deleted by hand."""
    for name in os.listdir(folder):
        dump = os.path.join(folder, name.removesuffix(TRACES_SUFFIX))
        if name.endswith(SUFFIX + TRACES_SUFFIX) and not any(
            os.path.lexists(dump + packed) for packed in ("", ".gz")
        ):
            remove_tree(os.path.join(folder, name))


def _parent_of(path: str) -> str:
    """Return the file name of the dump that a worker's ring belongs to, or ""."""
    parent = (read_header(path) or {}).get("parent_dump")
    return os.path.basename(parent) if isinstance(parent, str) else ""


def remove_dump(path: str) -> None:
    """Delete a dump and what belongs to it; what is gone already is no error."""
    for each in (path, path + ".sync"):
        with contextlib.suppress(OSError):
            os.unlink(each)
    remove_traces(path)
