"""Lines of the user's code that a dump happens to hold, and how one would change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kerascrash.estimate.memo import once
from kerascrash.estimate.places import read_place
from kerascrash.estimate.stacks import user_place_of
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_NEAR = 8
"""Lines of one call, and of what stands just above it."""


@once
def known_lines(recording: Recording) -> dict[str, dict[int, str]]:
    """Return the recorded lines of the user's files, by file and number."""
    found: dict[str, dict[int, str]] = {}
    for place in _places(recording):
        found.setdefault(place.file, {}).update(place.excerpt)
    for thread in _rows(recording.stacks.get("threads")):
        for frame in _rows(thread.get("frames")):
            file, line, text = (frame.get(k) for k in ("file", "line", "source"))
            if isinstance(file, str) and isinstance(line, int) and text:
                found.setdefault(file, {}).setdefault(line, str(text))
    return found


def lines_of(recording: Recording, file: str) -> dict[int, str]:
    """Return the lines of a file that were recorded anywhere, by number."""
    return known_lines(recording).get(file, {})


def _places(recording: Recording) -> Iterator[Place]:
    """Yield every recorded place that has source lines."""
    threads = _rows(recording.stacks.get("threads"))
    yield from filter(None, map(user_place_of, threads))
    entries = _rows(recording.inventory.get("entries"))
    rows = [entry.get("place") for entry in entries]
    rows += [mark.data.get("where") for mark in recording.marks]
    yield from filter(None, map(read_place, rows))


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


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows: Iterable[Any] = value if isinstance(value, (list, tuple)) else ()
    return [row for row in rows if isinstance(row, Mapping)]
