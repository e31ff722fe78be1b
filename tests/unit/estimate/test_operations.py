"""Operations of a functional model's graph beside its layers."""

from __future__ import annotations

from typing import Any

import pytest

from kerascrash.estimate.layer_shapes import Basis
from kerascrash.estimate.model_arithmetic import LayerBytes, model_bytes
from kerascrash.estimate.operations import with_operations

BATCH, WIDTH = 8, 32
TENSOR = 4 * BATCH * WIDTH
BASIS = Basis(BATCH)


def tensor(source: str, *shape: int) -> dict[str, Any]:
    told = {"shape": [None, *(shape or (WIDTH,))], "dtype": "float32",
            "keras_history": [source, 0, 0]}  # fmt: skip
    return {"class_name": "__keras_tensor__", "config": told}


def node(name: str, kind: str, *arguments: Any, ops: bool = True) -> dict[str, Any]:
    nodes = [{"args": list(arguments), "kwargs": {}}] if arguments else []
    return {"name": name, "class_name": kind, "inbound_nodes": nodes, "config": {},
            "module": "keras.src.ops.numpy" if ops else "keras.layers"}  # fmt: skip


def dense(name: str) -> dict[str, Any]:
    return {"name": name, "class": "Dense", "module": "keras", "parameters": WIDTH**2,
            "output_shape": [None, WIDTH], "input_shape": [None, WIDTH],
            "dtype": "float32", "settings": {"units": WIDTH}}  # fmt: skip


def sized(*between: dict[str, Any], last: str, eager: bool = False) -> Any:
    """A layer ``a``, what stands between, and a layer ``b`` that reads ``last``."""
    graph = [node("a", "Dense", tensor("in"), ops=False), *between,
             node("b", "Dense", tensor(last), ops=False)]  # fmt: skip
    raw = {"layers": [dense("a"), dense("b")], "run_eagerly": eager,
           "config": {"layers": graph, "output_layers": ["b", 0, 0]}}  # fmt: skip
    return model_bytes(raw, BATCH, BASIS)


def kept(model: Any) -> dict[str, int]:
    return {one.name: one.kept // TENSOR for one in model.layers}


def test_a_product_of_tensors_keeps_both_and_a_sum_none() -> None:
    twice = (tensor("a"), tensor("a"))
    product = sized(node("op", "Multiply", *twice), last="op")
    assert kept(product) == {"a": 1, "op": 1, "b": 1}
    assert kept(sized(node("op", "Add", *twice), last="op")) == {
        "a": 0,
        "op": 1,
        "b": 1,
    }
    row = product.layers[1]
    assert (row.type, row.parameters, row.operation) == ("Multiply", 0, True)


@pytest.mark.parametrize(
    ("kind", "arguments", "graph", "eager"),
    [("Multiply", (tensor("a"), 2.0), 0, 1), ("TrueDivide", (tensor("a"), 2.0), 0, 1),
     ("TrueDivide", (2.0, tensor("a")), 1, 1), ("Power", (tensor("a"), 3), 1, 1),
     ("Add", (tensor("a"), 2.0), 0, 0)],
)  # fmt: skip
def test_of_a_tensor_and_a_number_a_graph_keeps_what_the_gradient_reads(
    kind: str, arguments: tuple[Any, ...], graph: int, eager: int
) -> None:
    for runs_eagerly, expected in ((False, graph), (True, eager)):
        found = sized(node("op", kind, *arguments), last="op", eager=runs_eagerly)
        assert kept(found)["a"] == expected


def test_a_view_has_no_memory_and_what_it_shows_is_kept_for_its_reader() -> None:
    found = sized(node("op", "Reshape", tensor("a")), last="op")
    assert kept(found) == {"a": 1, "op": 0, "b": 1}


def test_an_operation_that_nobody_knows_needs_what_it_was_given() -> None:
    assert kept(sized(node("op", "Anything", tensor("a")), last="op"))["a"] == 1


def test_layers_alone_are_as_they_were() -> None:
    found = sized(last="a")
    assert kept(found) == {"a": 1, "b": 1}
    assert not any(one.operation for one in found.layers if isinstance(one, LayerBytes))


ROWS = [dense("a"), dense("b")]


@pytest.mark.parametrize(
    "config",
    [None, 3, {}, {"layers": None}, {"layers": [3, None]},
     {"layers": [node("other", "Add", tensor("a"))]},  # of another model
     {"layers": [node("a", "Dense", ops=False)]}],
)  # fmt: skip
def test_without_the_models_own_graph_there_are_the_layers(config: Any) -> None:
    assert with_operations(ROWS, config) == ROWS


@pytest.mark.parametrize("nodes", [None, 7, "a", [None], [{}], [{"args": 3}], {"a": 1}])
def test_a_node_that_is_none_is_passed_over(nodes: Any) -> None:
    broken = {**node("op", "Multiply"), "inbound_nodes": nodes}
    graph = [node("a", "Dense", ops=False), broken, node("b", "Dense", ops=False)]
    found = model_bytes({"layers": ROWS, "config": {"layers": graph}}, BATCH, BASIS)
    assert {"a", "b"} <= {one.name for one in found.layers}
