"""Lines of the user's code that a dump happens to hold, and how one would change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kerascrash.estimate.places import read_place
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_NEAR = 8
"""Lines of one call, and of what stands just above it."""


def lines_of(recording: Recording, file: str) -> dict[int, str]:
    """Return the lines of a file that were recorded anywhere, by number."""
    found: dict[int, str] = {}
    for thread in _rows(recording.stacks.get("threads")):
        frames = _rows(thread.get("frames"))
        own = next((frame for frame in frames if frame.get("user")), {})
        if own.get("file") == file:
            found |= _excerpt(thread.get("excerpt"))
        for frame in frames:
            line, text = frame.get("line"), frame.get("source")
            if frame.get("file") == file and isinstance(line, int) and text:
                found.setdefault(line, str(text))
    for entry in _rows(recording.inventory.get("entries")):
        place = read_place(entry.get("place"))
        if place is not None and place.file == file:
            found |= dict(place.excerpt)
    return found


def change_near(
    recording: Recording, place: Place | None, pattern: str, new: str
) -> tuple[Place | None, str]:
    """
    Return (line, what would stand there): the nearest line that matches, changed.

    Looks at the place and a few lines around it; without a match it is the place as
    given and no text.
    """
    if place is None:
        return None, ""
    lines = {**lines_of(recording, place.file), **dict(place.excerpt)}
    near = [n for n in lines if abs(n - place.line) <= _NEAR]
    for number in sorted(near, key=lambda n: (abs(n - place.line), n)):
        changed, count = re.subn(pattern, new, lines[number], count=1)
        if count:
            at = Place(place.file, number, place.function, place.excerpt)
            return at, changed.strip()
    return place, ""


def training_place(recording: Recording, batch: int) -> Place | None:
    """Return the line that began the training with this batch size."""
    rows = _rows(recording.models.get("batches"))
    same = [row for row in rows if row.get("batch_size") == batch]
    for row in [*reversed(same), *reversed(rows)]:
        place = read_place(row.get("place"))
        if place is not None:
            return place
    return None


def _excerpt(rows: Any) -> dict[int, str]:
    pairs = rows if isinstance(rows, (list, tuple)) else ()
    return {
        row[0]: str(row[1])
        for row in pairs
        if isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[0], int)
    }


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows: Iterable[Any] = value if isinstance(value, (list, tuple)) else ()
    return [row for row in rows if isinstance(row, Mapping)]
