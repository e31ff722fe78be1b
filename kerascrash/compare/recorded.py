"""Blobs of a dump as mappings: what is damaged or of an unknown shape is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerascrash.estimate.timeline import recording_of
from kerascrash.model.verdict import Diagnosis


def blob(diagnosis: Diagnosis, name: str) -> Mapping[str, Any]:
    """Return a blob of the recording, ``environment`` or ``models``; {} without it."""
    recording = recording_of(diagnosis.case)
    return mapping(getattr(recording, name)) if recording else {}


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the mappings of a list."""
    rows = value if isinstance(value, (list, tuple)) else ()
    return [row for row in rows if isinstance(row, Mapping)]


def whole(value: object) -> int | None:
    """Return an int, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: object) -> str | None:
    """Return what a table shows of a setting, None for what was not told."""
    return None if value is None else str(value)[:300]
