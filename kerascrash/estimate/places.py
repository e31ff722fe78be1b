"""Places as the recorder writes them, and the line that made an array."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kerascrash.model.evidence import Place


def read_place(raw: object) -> Place | None:
    """Return a place as recorded, or None if it names no line."""
    if not isinstance(raw, Mapping) or not raw.get("file"):
        return None
    line = raw.get("line")
    rows = raw.get("excerpt") or ()
    excerpt = tuple((int(row[0]), str(row[1])) for row in rows if len(row) == 2)
    return Place(
        file=str(raw["file"]),
        line=line if isinstance(line, int) else 0,
        function=str(raw.get("function") or ""),
        excerpt=excerpt,
    )


def creation_place(owner: str, place: Place | None) -> Place | None:
    """
    Return the line that named an array, for one that only writes into it.

    Writing into an array does not make it larger; the line that named it does. It is
    looked for among the recorded lines above.
    """
    if place is None:
        return None
    name = re.escape(owner.rsplit(".", 1)[-1])
    assigns = re.compile(rf"^\s*(?:[\w.]+\.)?{name}\s*(?::[^=]+)?=(?!=)")
    for number, text in reversed(place.excerpt):
        if number < place.line and assigns.match(text):
            return Place(place.file, number, place.function, place.excerpt)
    return place
