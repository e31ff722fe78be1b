"""What an allocation that was refused had asked for, from the exception's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.model.case import Mark, Recording
from kerascrash.units import parse_bytes

_REFUSED = re.compile(
    r"Unable to allocate (?P<size>[\d.]{1,12} [KMGTP]?i?B) for an array with shape "
    r"(?P<shape>\([^)]*\)) and data type (?P<dtype>\w+)"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """NumPy's refusal: bytes, shape as it was printed, dtype, and when."""

    bytes: int
    shape: str
    dtype: str
    mark: Mark


def refusal_in(recording: Recording) -> Refusal | None:
    """Return the last array that NumPy could not have, None if there was none."""
    for mark in reversed(recording.marks):
        if mark.kind != "exception":
            continue
        match = _REFUSED.search(str(mark.data.get("message") or ""))
        if match is not None:
            try:
                size = parse_bytes(match["size"])
            except ValueError:
                continue
            return Refusal(size, match["shape"], match["dtype"], mark)
    return None
