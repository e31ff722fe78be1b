"""The convolution that costs most, with half its filters."""

from __future__ import annotations

from kerascrash.estimate.layer_table import layer_table
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.estimate.remedies.smaller_layer import half_of
from kerascrash.model.verdict import Remedy


def _judge(measure: Measure, seen: Situation) -> Remedy:
    table = layer_table(seen.case)
    if table is None:
        return measure.unknown("no layer was recorded.")
    rows = [row for row in table.rows if "Conv" in row.type]
    if not rows:
        return measure.no("the model has no convolution.")
    top = max(rows, key=lambda row: row.state + row.activations)
    saved, detail = half_of(top, "filters")
    hint = " A stride of 2 or pooling before it makes its output a quarter."
    return measure.yes(saved, detail + hint)


MEASURE = Measure("fewer_filters", "smaller convolution filters", "model", 3, _judge)
