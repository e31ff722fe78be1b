"""
Operations between layers: what ``keras.ops`` and operators on tensors make and keep.

The layers of a functional model are not all that it runs: ``x + y``, ``ops.matmul`` or
a slice are nodes of its graph beside them. Its recorded config has a row for each, with
the shapes of what it reads; what it makes is told by those that read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerascrash.estimate.layer_kinds import Footprint
from kerascrash.estimate.layer_outputs import Shape, broadcast
from kerascrash.estimate.layer_shapes import settings_of

_Row = Mapping[str, Any]
_Tensor = tuple[str, int, Any, Any]
"""Who made it, which of its outputs it is, shape and dtype."""
_DEEPEST = 12
_VIEWS = frozenset({
    "Reshape", "ExpandDims", "Squeeze", "Ravel", "Identity", "StopGradient", "Copy",
})  # fmt: skip
_PASS = frozenset({
    "Add", "Subtract", "Negative", "Concatenate", "Append", "Stack", "Hstack", "Vstack",
    "Split", "Transpose", "Swapaxes", "Moveaxis", "Pad", "Roll", "Cumsum", "Flip",
    "Rot90", "Cast", "Mean", "Average", "Sum", "Repeat", "Tile", "Take", "GetItem",
    "TakeAlongAxis", "BroadcastTo", "Where", "AveragePool", "OneHot", "Argmax",
    "Argmin", "Diagonal", "Trace", "Tril", "Triu", "Slice", "Unstack", "SegmentSum",
    "Resize", "Sign", "Floor", "Ceil", "Round",
})  # fmt: skip
"""Those whose gradient does not need what they were given."""
_OWN_OUTPUT = frozenset({
    "Relu", "Relu6", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "Exp", "Expm1", "Sqrt",
    "Rsqrt", "Reciprocal", "Elu", "Selu",
})  # fmt: skip
"""Those whose gradient needs what they made, and that alone."""
_BOTH = frozenset({"Max", "Min", "Amax", "Amin", "MaxPool", "Prod", "Logsumexp"})
_TESTS = frozenset({
    "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd",
    "LogicalOr", "LogicalNot", "Isnan", "Isfinite", "Isinf",
})  # fmt: skip
"""What they make are bytes, and no gradient goes through them."""
_MORE_OF_INPUT = {"Gelu": 3, "Mish": 2, "HardSilu": 2, "Celu": 3, "Clip": 1}
"""Tensors of the size of what they were given that their steps keep beside it."""
_MORE_OF_INPUT_EAGER = {**_MORE_OF_INPUT, "Gelu": 5}
_BYTES_OF_AN_ELEMENT = 4


def with_operations(rows: object, config: object, depth: int = _DEEPEST) -> object:
    """
    Return the rows of a model's layers with its operations among them, as it runs them.

    An operation's row is one like a layer's, with ``operation`` true. Where no config
    was recorded there are none.
    """
    told = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(told, (list, tuple)) or not isinstance(rows, (list, tuple)):
        return rows
    own = {str(row.get("name")): row for row in rows if isinstance(row, Mapping)}
    graph = [one for one in told if isinstance(one, Mapping)]
    if not own.keys() <= {str(one.get("name")) for one in graph}:
        return rows  # the layers of another model
    made = _made_by(graph)
    return [row for one in graph for row in _rows_of(one, own, made, depth)]


def _rows_of(
    one: _Row, own: Mapping[str, _Row], made: Mapping[str, dict[int, Any]], depth: int
) -> Iterator[_Row]:
    name = str(one.get("name"))
    if name in own:
        row = own[name]
        if depth and row.get("layers"):
            inside = with_operations(row["layers"], one.get("config"), depth - 1)
            row = {**row, "layers": inside}
        yield row
    elif ".ops" in str(one.get("module")):
        # A graph may run one object more than once, as it may a layer.
        for node in _nodes(one):
            yield _operation(name, one, [*tensors_of(node)], made.get(name, {}))


def _operation(
    name: str, one: _Row, given: Sequence[_Tensor], made: Mapping[int, Any]
) -> _Row:
    shapes = [made[at] for at in sorted(made)]
    dtype = next((kind for *_, kind in given if kind != "bool"), "float32")
    return {
        "name": name,
        "class": str(one.get("class_name") or ""),
        "module": "keras",
        "operation": True,
        "input_shape": [shape for _, _, shape, _ in given],
        "output_shape": shapes if len(shapes) > 1 else next(iter(shapes), None),
        "parameters": 0,
        "dtype": dtype,
        "settings": {"by_a_number": len(given) == 1 and _by_a_number(one)},
    }


def _by_a_number(one: _Row) -> bool:
    """Tell a product or quotient whose gradient needs the number alone: not 2 / x."""
    kind = one.get("class_name")
    given = [node.get("args") for node in _nodes(one)]
    firsts = [args[0] for args in given if isinstance(args, (list, tuple)) and args]
    divided = all(isinstance(first, Mapping) for first in firsts)
    return kind == "Multiply" or (kind in ("Divide", "TrueDivide") and divided)


def _nodes(one: _Row) -> list[Mapping[str, Any]]:
    told = one.get("inbound_nodes")
    listed = told if isinstance(told, (list, tuple)) else ()
    return [node for node in listed if isinstance(node, Mapping)]


def _made_by(graph: Sequence[_Row]) -> dict[str, dict[int, Any]]:
    """Return the shapes of the outputs of each that another one reads."""
    found: dict[str, dict[int, Any]] = {}
    for one in graph:
        for source, at, shape, _ in tensors_of(one.get("inbound_nodes")):
            found.setdefault(source, {})[at] = shape
    return found


def tensors_of(arguments: object, depth: int = _DEEPEST) -> Iterator[_Tensor]:
    """Yield the tensors that a node of Keras 3 is given, wherever in its arguments."""
    if isinstance(arguments, dict):  # a dump has no other mapping, and this is fast
        history = arguments.get("keras_history")
        if isinstance(history, (list, tuple)) and len(history) == 3:
            at = history[2] if isinstance(history[2], int) else 0
            yield str(history[0]), at, arguments.get("shape"), arguments.get("dtype")
        elif depth:
            for part in arguments.values():
                yield from tensors_of(part, depth - 1)
    elif isinstance(arguments, (list, tuple)) and depth:
        for part in arguments:
            yield from tensors_of(part, depth - 1)


def operation_output(kind: str, parts: Sequence[Shape]) -> Shape:
    """Return what an operation makes that nothing in the graph reads: a result."""
    if kind in ("Mean", "Sum", "GetItem", "Take", *_BOTH):
        return parts[0][-1:]
    return broadcast(parts)


def operation_footprint(
    row: _Row, parts: Sequence[Shape], out: Shape, *, eager: bool = False
) -> Footprint:
    """
    Return what a training step keeps of an operation, for one sample.

    One that is not named here is taken to need what it was given. ``eager``: nobody
    takes out what a number's own gradient would need. Source: the gradient functions of
    TensorFlow's ops and the formulas of ``keras.ops``; the peak of TensorFlow's own
    pool in chains of such operations.
    """
    kind, settings = row.get("class"), settings_of(row)
    taken, made = sum(math.prod(part) for part in parts), math.prod(out)
    if kind in _VIEWS:
        return Footprint(0, 0, 0, output_needed=False, input_needed=False)
    if kind in _TESTS:
        flags = -(-made // _BYTES_OF_AN_ELEMENT)
        return Footprint(flags, 0, 0, output_needed=False, input_needed=False)
    more = _MORE_OF_INPUT_EAGER if eager else _MORE_OF_INPUT
    kept = more.get(str(kind), 0) * made
    if kind == "Where":  # what chose between both
        kept = -(-made // _BYTES_OF_AN_ELEMENT)
    if kind == "DotProductAttention":
        kept = 2 * _scores(parts)
    own = kind in _OWN_OUTPUT or kind in _BOTH
    alone = not eager and bool(settings.get("by_a_number"))
    needs = not alone and kind not in _PASS and kind not in _OWN_OUTPUT
    # An element-wise gradient is written over the one that came back.
    scratch = made if not needs else taken + made
    return Footprint(made, kept, scratch, output_needed=own, input_needed=needs)


def _scores(parts: Sequence[Shape]) -> int:
    """Return the elements of the weights of attention: (length, heads, size) each."""
    if len(parts) < 2 or any(len(part) < 2 for part in parts[:2]):
        return 0
    return parts[0][0] * parts[1][0] * parts[0][1]
