"""The two kinds of rule: a detector observes, a cause or factor explains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding


@dataclass(frozen=True, slots=True)
class Detector:
    """
    One observation or a family of them; ``detect`` is pure: no I/O, no clock.

    ``needs`` names what must be there for it to look at all (``recording``,
    ``certificate``, ``exit``, ``log:kernel``, ``log:stderr``, ``trace``, ``core``);
    without it the report lists its findings as not examined.
    """

    id: str
    finds: tuple[str, ...]
    detect: Callable[[Case], Iterable[Finding]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A cause (how it died) or a factor (why a resource ran out).

    Weights are in nats of log-odds and are multiplied by the finding's strength; their
    visible sum with ``prior`` is the score. ``supports`` and ``contradicts`` map
    finding ids to positive weights. ``remedies`` are what to do, best first;
    ``near_misses`` say what looks like it and is not; ``settle`` is the command that
    would settle it.
    """

    id: str
    title: str
    meaning: str
    prior: float
    supports: Mapping[str, float]
    contradicts: Mapping[str, float] = field(default_factory=dict)
    remedies: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    settle: str = ""
