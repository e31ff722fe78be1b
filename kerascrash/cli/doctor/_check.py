"""What a check is and what it answers, and the small readers that checks share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "weaker", "missing"]
GROUPS = ("kernel", "exit", "memory", "dump", "software")


@dataclass(frozen=True, slots=True)
class Result:
    """
    What was found, what it means for a diagnosis, and the command that gets more.

    ``ok``: this evidence will be there; ``weaker``: in part, or only afterwards;
    ``missing``: not at all.
    """

    state: State
    found: str
    meaning: str = ""
    command: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of evidence; ``examine`` returns None where it does not apply."""

    id: str
    title: str
    group: str
    examine: Callable[[], Result | None]


def read_text(path: str) -> str | None:
    """Return a small file's text without the last newline, None if unreadable."""
    with (
        contextlib.suppress(OSError),
        open(path, encoding="utf-8", errors="replace") as file,
    ):
        return file.read(1 << 16).strip()
    return None
