"""Checkpoints that a run wrote: where, how much, and which one could not be."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Mark


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """
    What lies in the ``folder`` of the last checkpoint that was written or failed.

    ``files`` counts paths: one written over is one. ``bytes`` is their size in all,
    None unless all are known; ``failed`` the path of the one that could not be written,
    ``disk`` the bytes of the disk or tmpfs that they lie on.
    """

    folder: str
    files: int
    bytes: int | None
    failed: str
    disk: int | None = None

    @property
    def are_the_most(self) -> bool | None:
        """Whether it is they that fill the disk; None where that cannot be told."""
        if self.bytes is None or not self.disk:
            return None
        return self.bytes > self.disk / 2


def written_checkpoints(case: Case) -> Checkpoints | None:
    """Return the checkpoints of the last folder, None where none was seen."""
    recording = recording_of(case)
    if recording is None:
        return None
    saved = [m for m in recording.marks if m.kind == "checkpoint" and _path(m)]
    since = saved[-1].time if saved else 0.0
    failed = [
        _path(m)
        for m in recording.marks
        if m.kind == "stage_end" and m.data.get("ok") is False and m.time >= since
    ]
    last_failed = next(filter(None, reversed(failed)), "")
    newest = last_failed or (_path(saved[-1]) if saved else "")
    folder = posixpath.dirname(newest)
    if not folder:
        return None
    sizes = {_path(m): m.data.get("size") for m in saved}
    here = [size for path, size in sizes.items() if posixpath.dirname(path) == folder]
    known = [size for size in here if isinstance(size, int)]
    total = saved[-1].data.get("total") if saved else None
    return Checkpoints(
        folder,
        len(here),
        sum(known) if len(known) == len(here) else None,
        last_failed,
        total if here and isinstance(total, int) else None,
    )


def _path(mark: Mark) -> str:
    path = mark.data.get("path")
    return path.replace("\\", "/") if isinstance(path, str) else ""
