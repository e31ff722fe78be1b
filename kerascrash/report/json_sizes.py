"""The table of layers and the measures as JSON data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.report.json_case import place_object

if TYPE_CHECKING:
    from kerascrash.model.verdict import LayerTable, Remedy


def layers_object(table: LayerTable | None) -> dict[str, Any] | None:
    """Return the layers at the batch that died, null where none were recorded."""
    if table is None:
        return None
    return {
        "model": table.model,
        "batch_size": table.batch,
        "state_bytes": table.state,
        "activation_bytes": table.activations,
        "layers": [
            {
                "name": row.name,
                "class": row.type,
                "output_shape": [None, *row.output],
                "parameters": row.parameters,
                "state_bytes": row.state,
                "activation_bytes": row.activations,
                "share": row.share,
                "trainable": row.trainable,
                "dominates": row.dominates,
            }
            for row in table.rows
        ],
    }


def remedies_list(remedies: tuple[Remedy, ...]) -> list[dict[str, Any]]:
    """Return what each measure would bring."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "helps": one.helps,
            "saves_bytes": one.saves_bytes,
            "detail": one.detail,
            "example": one.example or None,
            "changes_results": one.changes,
            **place_object(one.place),
        }
        for one in remedies
    ]
