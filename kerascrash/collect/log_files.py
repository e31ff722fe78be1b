"""Log files that the user named, and those that lie beside a dump."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from kerascrash.collect.log_text import read_log_file
from kerascrash.errors import SourceError
from kerascrash.model.case import Log

_BESIDE = {
    "kernel.log": "kernel",
    "dmesg.log": "kernel",
    "dmesg.txt": "kernel",
    "stderr.txt": "stderr",
    "stderr.log": "stderr",
    "system.log": "system",
}
_PACKED = (".gz", ".zip", ".bin")


def given_logs(
    kernel_logs: Sequence[str], stderrs: Sequence[str], logs: Sequence[str]
) -> tuple[Log, ...]:
    """Return the logs of the files named; raises SourceError for one not readable."""
    named = [(path, "kernel") for path in kernel_logs]
    named += [(path, "stderr") for path in stderrs]
    named += [(path, "system") for path in logs]
    return tuple(log for path, kind in named for log in _read(path, kind))


def _read(path: str, kind: str) -> Iterable[Log]:
    try:
        return read_log_file(Path(path), kind)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path}: cannot be read: {reason}") from None


def logs_beside(dump: str) -> tuple[Log, ...]:
    """
    Return logs that lie beside a dump: ``<dump's name>.kernel.log`` and the like.

    In a folder with a single dump the plain names count too (``kernel.log``): there is
    no doubt whose they are. What cannot be read is left out: nobody asked for it.
    """
    folder, name = os.path.split(os.path.abspath(dump))
    stem = name
    for suffix in _PACKED:
        stem = stem.removesuffix(suffix)
    try:
        present = set(os.listdir(folder))
    except OSError:
        return ()
    dumps = [one for one in present if one.endswith((".bin", ".bin.gz", ".zip"))]
    prefixes = [f"{stem}."] + ([""] if len(dumps) == 1 else [])
    found: list[Log] = []
    for prefix in prefixes:
        for plain, kind in _BESIDE.items():
            if f"{prefix}{plain}" in present:
                try:
                    found += _read(os.path.join(folder, f"{prefix}{plain}"), kind)
                except SourceError:
                    continue
    return tuple(found)
