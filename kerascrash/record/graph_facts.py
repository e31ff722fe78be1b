"""
The graph of a functional model whose config is not asked for: names, shapes, dtypes.

Shape: {layers [{name, class_name, module, inbound_nodes [{args [{keras_history [name,
0, output], shape, dtype} of a tensor, null of anything else]}]}], output_layers}: that
of the config, as far as it goes. Only attributes are read, no method of a layer is
called.
"""

from __future__ import annotations

from kerascrash.record.data_facts import dtype_name, shape_of
from kerascrash.record.layer_facts import get

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MOST_NODES = 4000
_DEEPEST = 3


def describe_graph(model: Any) -> dict[str, Any] | None:
    """Return the graph of a functional model of Keras 3, None of any other."""
    by_depth = get(model, "_nodes_by_depth")
    if not isinstance(by_depth, dict):
        return None
    rows: dict[int, dict[str, Any]] = {}
    nodes = [
        node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]
    ]
    for node in nodes[:_MOST_NODES]:
        operation, given = node.operation, node.arguments
        row = rows.get(id(operation))
        if row is None:
            kind = type(operation)
            row = rows[id(operation)] = {
                "name": str(operation.name),
                "class_name": kind.__name__,
                "module": kind.__module__,
                "inbound_nodes": [],
            }
        read = [*_tensors(given.args), *_tensors(list(given.kwargs.values()))]
        if any(read):
            row["inbound_nodes"].append({"args": read})
    made = [_tensor(one) for one in model.outputs]
    last = [one["keras_history"] for one in made if one is not None]
    return {"layers": list(rows.values()), "output_layers": last}


def _tensors(values: Any, depth: int = _DEEPEST) -> Iterator[dict[str, Any] | None]:
    # What a user may have made a class of is not asked for anything.
    for value in values:
        if type(value) in (list, tuple) and depth:
            yield from _tensors(value, depth - 1)
        elif type(value) is dict and depth:
            yield from _tensors(list(value.values()), depth - 1)
        else:
            yield _tensor(value)


def _tensor(value: Any) -> dict[str, Any] | None:
    if type(value).__name__ != "KerasTensor":
        return None
    source, _, at = get(value, "_keras_history")
    return {
        "keras_history": [str(get(source, "name")), 0, at],
        "shape": shape_of(value),
        "dtype": dtype_name(value.dtype),
    }
