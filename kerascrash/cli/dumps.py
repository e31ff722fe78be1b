"""Find dumps: the newest one, those of a folder, and what their headers say."""

from __future__ import annotations

import os
from dataclasses import dataclass

import click

from kerascrash.dump.contents import Header
from kerascrash.dump.reader import read_header
from kerascrash.errors import DumpError, NoDumpFound, VersionTooNew
from kerascrash.record.folder import candidate_folders
from kerascrash.record.identity import is_running, read_boot_id

SUFFIXES = (".bin", ".bin.gz", ".zip")
MOST_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump in a folder: ``modified`` in Unix seconds, size in bytes on disk."""

    path: str
    modified: float
    size: int
    header: Header

    @property
    def running(self) -> bool:
        """Whether its process still lives on this machine."""
        header = self.header
        if header.boot_id != read_boot_id():
            return False
        return is_running(header.pid, max(0, header.start_ticks))

    @property
    def of_worker(self) -> bool:
        """Whether another process's report shows it."""
        return self.header.worker or bool(self.header.parent_dump)


def existing_folders() -> list[str]:
    """Return the folders where the recorder may have put dumps, best first."""
    chosen = os.environ.get("KERASCRASH_DIR", "")
    return [folder for folder in candidate_folders(chosen) if os.path.isdir(folder)]


def read_folder(folder: str) -> list[DumpFile]:
    """
    Return the dumps of a folder, newest first; what is no dump is passed over.

    Raises NoDumpFound when the folder cannot be listed.
    """
    try:
        entries = [e for e in os.scandir(folder) if e.name.endswith(SUFFIXES)]
    except OSError as error:
        raise NoDumpFound(f"{folder}: {error.strerror or error}") from None
    files = []
    for entry in entries:
        try:
            facts = entry.stat()
        except OSError:  # pruned meanwhile, or a link to a ring that is gone
            continue
        files.append((facts.st_mtime, facts.st_size, entry.path))
    found = []
    for modified, size, path in sorted(files, reverse=True)[:MOST_LOOKED_AT]:
        try:
            header = read_header(path)
        except VersionTooNew:  # listed, and refused by name when it is to be read
            header = Header({}, 0, 0)
        except DumpError:
            continue
        found.append(DumpFile(path, modified, size, header))
    return found


def newest_dump(folders: list[str]) -> str:
    """
    Return the newest dump in the folders: of a dead process, and no worker's, if any.

    Raises NoDumpFound.
    """
    dumps = [dump for folder in folders for dump in read_folder(folder)]
    dumps.sort(key=lambda dump: (dump.of_worker, dump.running, -dump.modified))
    if not dumps:
        looked = ", ".join(folders) or "no folder of dumps exists here"
        raise NoDumpFound(f"there is no dump ({looked})")
    return dumps[0].path


def resolve(path: str) -> str:
    """Return the dump that a path means: itself, or the newest in the folder."""
    return newest_dump([path]) if os.path.isdir(path) else path


def say_if_running(path: str) -> None:
    """Say on standard error that the process of a dump still lives, where it does."""
    try:
        header = read_header(path)
    except DumpError:  # told by who reads it whole
        return
    if DumpFile(path, 0.0, 0, header).running:
        click.echo(
            f"kerascrash: process {header.pid} is still running; what follows is what "
            "its dump holds so far",
            err=True,
        )
