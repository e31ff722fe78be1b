"""Facts with provenance, and what rules make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A source that could not be looked at; never counted as evidence against."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """A line of somebody's code; ``excerpt`` is [(line number, text), …], ±5 lines."""

    file: str
    line: int
    function: str = ""
    excerpt: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    One fact: what it says, where it was read, when it happened.

    ``time`` is Unix seconds or None; ``source`` names the file or part of the dump
    (``dump:events``, ``train.err``), ``line`` its line number from 1 if it has any.
    """

    id: str
    source: str
    text: str
    time: float | None = None
    line: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What a detector observed: ``id`` is the observation, not the cause.

    ``strength`` is 0…1: how sure the observation is, not what follows from it.
    """

    id: str
    text: str
    strength: float = 1.0
    evidence: tuple[Evidence, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a dump or log could not be read; ``offset`` in bytes."""

    where: str
    text: str
    offset: int | None = None
