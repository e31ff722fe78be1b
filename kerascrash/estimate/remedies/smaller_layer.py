"""The layer that costs most, with half its units."""

from __future__ import annotations

from kerascrash.estimate.layer_table import layer_table
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import LayerRow, Remedy
from kerascrash.units import format_bytes


def _judge(measure: Measure, seen: Situation) -> Remedy:
    rows = [row for row in _rows(seen) if row.parameters and "Conv" not in row.type]
    if not rows:
        return measure.unknown("no layer with weights was recorded.")
    top = max(rows, key=lambda row: row.state + row.activations)
    return measure.yes(*half_of(top, "units"))


def half_of(row: LayerRow, what: str) -> tuple[int, str]:
    """Return (bytes saved, sentence) for a layer with half its units or filters."""
    saved = (row.state + row.activations) // 2
    detail = (
        f"`{row.name}` ({row.type}) with half its {what}: weights with what goes with "
        f"them {format_bytes(row.state // 2)}, outputs "
        f"{format_bytes(row.activations // 2)}; the next layer shrinks too."
    )
    return saved, detail


def _rows(seen: Situation) -> tuple[LayerRow, ...]:
    table = layer_table(seen.case)
    return table.rows if table else ()


MEASURE = Measure("smaller_layer", "a smaller layer", "model", 3, _judge)
