"""A comparison in words: the same in every format."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from kerascrash.report.words import capital
from kerascrash.units import format_bytes, format_seconds

if TYPE_CHECKING:
    from kerascrash.model.comparison import Comparison, Difference, Side, Value

ABSENT = "–"
CODE = frozenset({"holdings", "versions"})
"""Groups whose names are names in code."""
_ALMOST = 0.5
"""What explains may be this much smaller than what it explains, to be told first."""


def value_text(value: Value, unit: str) -> str:
    """Return one side of a difference: ``1.2 GiB``, ``512``, ``–``."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, str):
        return value
    if unit == "bytes":
        return format_bytes(value)
    if unit == "bytes per step":
        return f"{'+' if value > 0 else ''}{format_bytes(value)} per step"
    return format_seconds(value) if unit == "seconds" else f"{value:,}"


def change_text(difference: Difference) -> str:
    """Return the change from A to B: ``+1.2 GiB``, ``× 4``, ``only in A``."""
    a, b = difference.a, difference.b
    if a is None or a == "":
        return "only in B"
    if b is None or b == "":
        return "only in A"
    if isinstance(a, str) or isinstance(b, str):
        return ""
    if difference.unit.startswith("bytes"):
        more = f"{'+' if b > a else '−'}{format_bytes(abs(b - a))}"
        return more + difference.unit.removeprefix("bytes")
    if a > 0 and b > 0:
        return f"× {b / a:.3g}"
    return ""


def side_text(side: Side) -> str:
    """Return how a run ended, as a clause."""
    if side.lived:
        return "ended normally"
    return side.sentence.rstrip(".") or "cannot tell how it died"


def headline(comparison: Comparison) -> tuple[str, str]:
    """Return how the two runs ended, and what differs most."""
    a, b = comparison.a, comparison.b
    if a.lived and b.lived:
        ended = "Both runs ended normally."
    elif a.lived != b.lived:
        died, lived = ("A", "B") if b.lived else ("B", "A")
        ended = f"Run {died} died, run {lived} lived."
    elif a.signature and a.signature == b.signature:
        ended = "Both runs died the same death."
    else:
        ended = "Two different deaths."
    if not comparison.differences:
        return ended, "Nothing that was recorded differs."
    most = _most_telling(comparison)
    return ended, f"What differs most: {sentence(most, comparison)}."


def _most_telling(comparison: Comparison) -> Difference:
    """Return the biggest difference; one that explains the memory before the memory."""
    biggest = comparison.differences[0]
    telling = (d for d in comparison.differences if d.group != "memory")
    first = next(telling, biggest)
    return first if first.weight >= _ALMOST * biggest.weight else biggest


def sentence(difference: Difference, comparison: Comparison) -> str:
    """Return a difference in one clause."""
    a, b = (value_text(v, difference.unit) for v in (difference.a, difference.b))
    what = title_text(difference, comparison)
    if ABSENT in (a, b):
        run, value = ("B", b) if a == ABSENT else ("A", a)
        return f"{what}, {value} in run {run} and not in the other"
    return f"{what}, {a} in run A and {b} in run B"


def title_text(difference: Difference, comparison: Comparison) -> str:
    """Return ``memory of the process at step 24``, ```history` (what …)``."""
    group = comparison.titles.get(difference.group, difference.group)
    if difference.group in ("memory", "limits"):
        return f"{group}: {difference.name}"
    if difference.group == "holdings":
        return f"`{difference.name}` ({group})"
    return difference.name


def run_name(side: Side) -> str:
    """Return the script's name without its folder."""
    return PurePath(side.script).name or "a process"


def facts_of(side: Side) -> list[tuple[str, str]]:
    """Return what is told of a run beside how it ended."""
    rows = [
        ("why", "" if side.factor == "none" else side.factor),
        ("to blame", "" if side.lived else side.culprit),
        ("ran for", format_seconds(side.seconds) if side.seconds else ""),
        ("peak memory", format_bytes(side.peak) if side.peak else ""),
        ("steps done", f"{side.steps:,}" if side.steps else ""),
        ("signature", "" if side.lived else side.signature),
        ("dump", PurePath(side.source).name),
    ]
    return [(name, value) for name, value in rows if value]


def ended_text(side: Side) -> str:
    """Return how a run ended, as a sentence."""
    return f"{capital(side_text(side))}."
