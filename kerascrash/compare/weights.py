"""
How big a difference is, on one scale: 1 is as much as the larger of both peaks.

Bytes weigh by their share of that peak. What is not bytes is put on the scale by hand:
a doubling of a batch or a step's time weighs a quarter, a changed setting a seventh, a
version by which of its numbers changed. It orders a list; nothing is concluded from it.
"""

from __future__ import annotations

import math
import re
from itertools import zip_longest

from kerascrash.estimate.resident import peak_resident
from kerascrash.model.comparison import Difference, Value
from kerascrash.model.verdict import Diagnosis

SETTING = 0.15
ASIDE = 0.05
"""For what seldom matters: the kernel, the machine's name for itself."""
NOISE = 0.03
"""Of the peak: runs of the same script differ by that much."""
_DOUBLING = 0.25
_VERSION_STEPS = (0.2, 0.1, 0.05)
_PARTS = re.compile(r"\d+|[A-Za-z]+")


def scale_of(a: Diagnosis, b: Diagnosis) -> int:
    """Return the larger peak of resident bytes, at least 1."""
    return max(peak_resident(a.case) or 0, peak_resident(b.case) or 0, 1)


def of_bytes(
    group: str, name: str, sizes: tuple[int | None, int | None], scale: int
) -> list[Difference]:
    """Return the difference of two sizes unless it is within what is noise."""
    a, b = sizes
    share = abs((b or 0) - (a or 0)) / scale
    if share < NOISE:
        return []
    return [Difference(group, name, a, b, "bytes", min(share, 2.0))]


def of_numbers(
    group: str,
    name: str,
    numbers: tuple[float | None, float | None],
    unit: str = "count",
    least: float = 1.0,
) -> list[Difference]:
    """Return the difference of two known numbers whose ratio is beyond ``least``."""
    a, b = numbers
    if a == b or a is None or b is None:
        return []
    weight = SETTING
    if a > 0 and b > 0:
        ratio = abs(math.log2(b / a))
        if ratio < math.log2(least):
            return []
        weight = min(1.0, _DOUBLING * ratio)
    return [Difference(group, name, a, b, unit, weight)]


def of_text(
    group: str, name: str, a: Value, b: Value, weight: float = SETTING
) -> list[Difference]:
    """Return the difference of two texts; what neither has is none."""
    if a == b or (a in (None, "") and b in (None, "")):
        return []
    return [Difference(group, name, a, b, "", weight)]


def of_versions(
    group: str, name: str, a: str | None, b: str | None
) -> list[Difference]:
    """Return the difference of two versions; the further left, the heavier."""
    if a == b:
        return []
    weight = _VERSION_STEPS[1]
    if a and b:
        pairs = zip_longest(_PARTS.findall(a), _PARTS.findall(b))
        first = next((at for at, (old, new) in enumerate(pairs) if old != new), 2)
        weight = _VERSION_STEPS[min(first, len(_VERSION_STEPS) - 1)]
    return [Difference(group, name, a, b, "", weight)]
