"""
Data that the program itself made wider than they were: a slip, not their size.

Told by the line that made them: it spells a wide dtype, or computes them from an array
of as many narrower elements (``pixels / 255.0`` makes float64 of bytes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.dtypes import dtype_size, narrower_dtype
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.kept import data_held
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case

_SAME_COUNT = 0.005
_SPELLED = re.compile(r"\b(?:float64|double|int64|complex128|dtype\s*=\s*float)\b")


@dataclass(frozen=True, slots=True)
class Widened:
    """``saves``: the bytes that the narrower dtype would not have needed."""

    holding: Holding
    saves: int
    how: str


def widened_data(case: Case) -> Widened | None:
    """Return the data of which widening cost most, None where nothing was widened."""
    held = holdings_of(recording_of(case))
    found = (_widened(kept.holding, held) for kept in data_held(case))
    return max(
        (one for one in found if one is not None),
        key=lambda one: one.saves,
        default=None,
    )


def _widened(one: Holding, held: tuple[Holding, ...]) -> Widened | None:
    widest, place = one.widest_dtype, one.made_at
    if widest is None or place is None or not narrower_dtype(widest[0]):
        return None
    dtype, size = widest
    line = dict(place.excerpt).get(place.line, "")
    for source in held:
        narrow = _bytes_of_same_count(source, size // dtype_size(dtype), dtype)
        if narrow and re.search(rf"(?<![\w.]){re.escape(source.owner)}\b", line):
            name = source.widest_dtype[0] if source.widest_dtype else ""
            how = f"its line makes {dtype} of `{source.owner}`, which is {name}"
            return Widened(one, size - narrow, how)
    if _SPELLED.search(line):
        return Widened(one, size // 2, f"its line asks for {dtype}")
    return None


def _bytes_of_same_count(source: Holding, count: int, dtype: str) -> int:
    """Return the bytes of an array of as many narrower elements, 0 for any other."""
    if not source.holds_arrays or source.widest_dtype is None:
        return 0
    width = dtype_size(source.widest_dtype[0], 0)
    if not 0 < width < dtype_size(dtype):
        return 0
    own = source.widest_dtype[1]
    return own if abs(own // width - count) <= _SAME_COUNT * count else 0
