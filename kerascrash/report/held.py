"""Who held the memory: ledger, inventory, models, batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash.model.evidence import Unavailable
from kerascrash.report.charts.spark import spark_path, spark_words
from kerascrash.report.plain import items, mapping, mappings, number, whole
from kerascrash.units import kind_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.model.case import Case, Recording
    from kerascrash.model.verdict import Diagnosis

MOST_ROWS = 40
MOST_LAYERS = 60
_NO_SLOTS = 2
"""Variables of an optimizer that is not built yet, or keeps nothing (plain SGD)."""
GREY = 8
"""Number of the colour for what nothing explains; what is inferred is striped."""
_COLLECTIONS = frozenset({"list", "dict", "tuple", "set", "deque", "defaultdict"})
_NO_DTYPE = "other"
REMAINDER = "unexplained"


def ledger_bars(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """Return each ledger with its lines, biggest first, and their share in per cent."""
    return [
        {
            "device": ledger.device,
            "at": ledger.at,
            "view": ledger.view,
            "total": ledger.total,
            "time": ledger.time,
            "lines": [
                {
                    "line": line,
                    "part": line.bytes / (ledger.total or 1),
                    "share": round(100 * max(0, line.bytes) / (ledger.total or 1), 2),
                    "color": GREY
                    if line.name.startswith(REMAINDER)
                    else min(number, GREY - 1),
                    "inferred": line.known_by == "inferred",
                }
                for number, line in enumerate(
                    sorted(ledger.lines, key=lambda entry: -entry.bytes), 1
                )
            ],
        }
        for ledger in diagnosis.ledgers
    ]


def inventory_rows(case: Case) -> dict[str, Any]:
    """Return what user code held, biggest first; ``rest`` counts what is not shown."""
    if isinstance(case.recording, Unavailable):
        return {"rows": [], "rest": 0, "total": None, "complete": True}
    blob = mapping(case.recording.inventory)
    most = _highest_reading(case.recording)
    entries = [_without_fancy(entry, most) for entry in mappings(blob.get("entries"))]
    entries.sort(key=lambda e: -(number(e.get("bytes")) or 0))
    biggest = max((number(e.get("bytes")) or 0 for e in entries), default=0)
    return {
        "rows": [_inventory_row(entry, biggest) for entry in entries[:MOST_ROWS]],
        "rest": max(0, len(entries) - MOST_ROWS),
        "total": whole(blob.get("total_bytes")),
        "complete": blob.get("complete") is not False,
        "time": case.recording.blob_times.get("inventory"),
    }


def _highest_reading(recording: Recording) -> int | None:
    sizes = [max(s.values) for s in recording.series if s.name == "rss" and s.values]
    return max(sizes, default=None)


def _without_fancy(entry: Mapping[str, Any], most: int | None) -> Mapping[str, Any]:
    """Return the entry; an estimate beyond what the process ever held is none."""
    size = number(entry.get("bytes"))
    on_host = entry.get("device") in (None, "host")
    if entry.get("estimated") and on_host and size and most and size > most:
        return {**entry, "bytes": None, "estimated": False}
    return entry


def _inventory_row(entry: Mapping[str, Any], biggest: float) -> dict[str, Any]:
    size = number(entry.get("bytes"))
    growth = number(entry.get("growth_bytes_per_step"))
    place = mapping(entry.get("place"))
    return {
        "owner": str(entry.get("owner") or entry.get("path") or "?"),
        "path": str(entry.get("path") or ""),
        "kind": _kind(entry),
        "device": str(entry.get("device") or "host"),
        "bytes": whole(size),
        "estimated": bool(entry.get("estimated")),
        "share": round(100 * (size or 0) / biggest, 1) if biggest > 0 else 0,
        "growth": growth if growth is not None and abs(growth) >= 1 else None,
        "spark": spark_path(entry.get("history")),
        "course": spark_words(entry.get("history")),
        "file": str(place.get("file") or ""),
        "line": whole(place.get("line")),
    }


def _kind(entry: Mapping[str, Any]) -> str:
    """Return what it is in words; of lists in a dict also what fills those."""
    kind = kind_in_words(str(entry.get("kind") or entry.get("type") or ""))
    element = mapping(entry.get("element"))
    if element.get("type") not in _COLLECTIONS:
        return kind
    sizes = {k: number(v) or 0 for k, v in mapping(entry.get("dtypes")).items()}
    dtype = max(sizes, key=lambda name: sizes[name], default=_NO_DTYPE)
    inside = str(element.get("inside") or "")
    holds = [] if dtype == _NO_DTYPE else [dtype]
    holds += [f"{inside}s"] if inside else ["data"] if holds else []
    return f"{kind}, which hold {' '.join(holds)}" if holds else kind


def model_tables(case: Case) -> dict[str, Any]:
    """Return models, batch shapes and data sets as they were recorded."""
    recording = case.recording
    blob = {} if isinstance(recording, Unavailable) else mapping(recording.models)
    return {
        "models": [_model(model) for model in mappings(blob.get("models"))[:8]],
        "batches": [_batch(batch) for batch in mappings(blob.get("batches"))[:20]],
        "data": [_data(entry) for entry in mappings(blob.get("data"))[:20]],
    }


def _model(model: Mapping[str, Any]) -> dict[str, Any]:
    layers = mappings(model.get("layers"))
    optimizer = mapping(model.get("optimizer"))
    return {
        "name": str(model.get("name") or ""),
        "class": str(model.get("class") or ""),
        "parameters": whole(model.get("parameters")),
        "trainable": whole(model.get("trainable_parameters")),
        "weights": whole(model.get("weights_bytes")),
        "policy": str(model.get("dtype_policy") or ""),
        "optimizer": str(optimizer.get("class") or ""),
        "slots": _slots(optimizer),
        "rest": max(0, len(layers) - MOST_LAYERS),
        "layers": [
            {
                "name": str(layer.get("name") or ""),
                "class": str(layer.get("class") or ""),
                "shape": layer.get("output_shape"),
                "parameters": whole(layer.get("parameters")),
                "dtype": str(layer.get("dtype") or ""),
                "weights": whole(layer.get("weights_bytes")),
            }
            for layer in layers[:MOST_LAYERS]
        ],
    }


def _slots(optimizer: Mapping[str, Any]) -> int | None:
    """Return what was seen of its slots; a counter and a learning rate are none."""
    variables = whole(optimizer.get("variables"))
    if variables is not None and variables <= _NO_SLOTS:
        return None
    return whole(optimizer.get("bytes"))


def _batch(batch: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stage": str(batch.get("stage") or ""),
        "size": whole(batch.get("batch_size")),
        "count": whole(batch.get("count")),
        "shapes": [items(shape)[:3] for shape in items(batch.get("shapes"))[:12]],
    }


def _data(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(entry.get("name") or ""),
        "type": str(entry.get("type") or ""),
        "shape": entry.get("shape"),
        "dtype": str(entry.get("dtype") or ""),
        "bytes": whole(entry.get("bytes")),
    }
