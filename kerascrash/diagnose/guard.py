"""Run parts of a diagnosis so that one that raises costs only itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")


@dataclass
class Guard:
    """Runs parts of the diagnosis; one that raises becomes a fault."""

    faults: list[str] = field(default_factory=list)

    def run(self, name: str, part: Callable[[], _T], otherwise: _T) -> _T:
        """Return what ``part`` returns, ``otherwise`` when it raises."""
        try:
            return part()
        except Exception as error:  # the verdict must stand without this part
            self.faults.append(f"{name}: {type(error).__name__}: {error}")
            return otherwise
