"""What differs between two runs: one that died and one that lived, or two deaths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerascrash.model.redaction import Redaction
    from kerascrash.model.verdict import Diagnosis

Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing that is not the same in run A and run B; None where a run has it not.

    ``unit`` says what numbers are: ``bytes``, ``bytes per step``, ``seconds``,
    ``count``, or "" for text. ``weight`` orders: 1 is as much as the larger peak of
    memory. ``group`` is the id of the part that found it.
    """

    group: str
    name: str
    a: Value
    b: Value
    unit: str = ""
    weight: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to compare; ``title`` is what its differences are differences of."""

    id: str
    title: str
    compare: Callable[[Diagnosis, Diagnosis], Iterable[Difference]]


@dataclass(frozen=True, slots=True)
class Course:
    """
    The memory of one run over time: (seconds since the common stage began, bytes).

    ``limit`` in bytes or None; ``ended`` is where the run ended on that clock.
    """

    points: tuple[tuple[float, int], ...] = ()
    limit: int | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs in short; ``sentence`` is the first line of its verdict."""

    source: str
    script: str
    sentence: str
    cause: str
    factor: str
    culprit: str
    confidence: float
    lived: bool
    signature: str
    death: float | None
    seconds: float | None
    peak: int | None
    steps: int | None
    course: Course


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Two runs side by side.

    ``differences`` are sorted, the biggest first; what is equal is not there.
    ``stage`` is the one whose begin is 0 on the clock of both courses, "" for the start
    of the process. ``unknown`` says what could not be compared, and why. ``titles``
    gives the words for each group of differences. ``redaction`` says what was replaced
    in both runs before they were compared, None if nothing was.
    """

    a: Side
    b: Side
    differences: tuple[Difference, ...]
    stage: str = ""
    unknown: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    redaction: Redaction | None = None
