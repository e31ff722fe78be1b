"""The table of layers as it is shown: the largest in full, the others counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.report.words import percent
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from kerascrash.model.verdict import LayerRow, LayerTable

MOST_ROWS = 60


def layer_view(table: LayerTable | None, most: int = MOST_ROWS) -> dict[str, Any]:
    """Return the rows to show in the model's order, and what was left out."""
    if table is None:
        return {"rows": [], "rest": 0}
    largest = set(sorted(table.rows, key=lambda row: -row.share)[:most])
    rows = [row for row in table.rows if row in largest][:most]
    return {
        "model": table.model,
        "batch": table.batch,
        "state": table.state,
        "activations": table.activations,
        "rows": rows,
        "rest": len(table.rows) - len(rows),
        "heads": [row for row in table.rows if row.dominates],
        "sentence": dominating(table),
    }


def dominating(table: LayerTable) -> str:
    """Return in one sentence which layers need most; none where all are alike."""
    heads = sorted(
        (row for row in table.rows if row.dominates), key=lambda row: -row.share
    )
    if not heads:
        return "No layer stands out."
    share = sum(row.share for row in heads)
    names = ", ".join(f"`{row.name}` ({format_bytes(_size(row))})" for row in heads)
    return f"{names}: {percent(share)} of what the model needs."


def _size(row: LayerRow) -> int:
    return row.state + row.activations
