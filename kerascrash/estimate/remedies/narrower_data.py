"""Data of eight bytes an element stored in four."""

from __future__ import annotations

import re

from kerascrash.estimate.dtypes import narrower_dtype
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy

_MADE = re.compile(r"\b(?:np|numpy)\.(?:empty|zeros|ones|full)\([^#]*(?=\)$)")


def _judge(measure: Measure, seen: Situation) -> Remedy:
    wide = [
        one for one in seen.data
        if one.holding.widest_dtype and narrower_dtype(one.holding.widest_dtype[0])
    ]  # fmt: skip
    if not wide:
        return measure.no("no data of eight bytes an element were held.")
    names = ", ".join(f"`{one.holding.owner}`" for one in wide[:3])
    first = wide[0].holding
    was = first.widest_dtype[0] if first.widest_dtype else "float64"
    narrower = narrower_dtype(was) or "float32"
    place = first.made_at
    text = dict(place.excerpt).get(place.line, "").strip() if place else ""
    line = f"{first.owner.rsplit('.', 1)[-1]} = ….astype('{narrower}')"
    if was in text:
        line = text.replace(was, narrower)
    elif _MADE.search(text):  # to convert it afterwards would need both at once
        line = _MADE.sub(rf"\g<0>, dtype='{narrower}'", text)
    saves = sum(one.bytes for one in wide) // 2
    return measure.yes(saves, f"{names} in {narrower}: half.", place, line)


MEASURE = Measure("narrower_data", "float64 data as float32", "input", 0, _judge)
