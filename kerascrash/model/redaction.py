"""What was taken out of a report before it was shared, and what is still in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replaced:
    """One kind of value: how many different ones, in how many different texts."""

    kind: str
    values: int
    texts: int


@dataclass(frozen=True, slots=True)
class Redaction:
    """
    What was replaced, by kind, and in sentences what was not.

    ``names``: whether names that the user gave (variables, layers, …) are replaced too.
    """

    names: bool
    replaced: tuple[Replaced, ...] = ()
    kept: tuple[str, ...] = ()
