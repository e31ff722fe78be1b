"""Who reads what a layer made, as recorded configs tell it."""

from __future__ import annotations

from typing import Any

import pytest

from kerascrash.estimate.layer_readers import UNKNOWN, readers_of

NAMES = ("in", "left", "right", "add", "out")


def node(name: str, *sources: str, kind: str = "Dense", **config: Any) -> dict:
    """One layer of a functional model's config, as Keras 3 writes it."""
    read = [{"class_name": "__keras_tensor__",
             "config": {"shape": [None, 4], "keras_history": [one, 0, 0]}}
            for one in sources]  # fmt: skip
    nodes = [{"args": [read if len(read) > 1 else [*read, None][0]], "kwargs": {}}]
    return {"name": name, "class_name": kind, "config": config,
            "inbound_nodes": nodes if sources else []}  # fmt: skip


def branches() -> dict:
    rows = [node("in", kind="InputLayer"), node("left", "in"), node("right", "in"),
            node("add", "left", "right", kind="Add"), node("out", "add")]  # fmt: skip
    return {"layers": rows, "output_layers": ["out", 0, 0]}


def test_what_two_branches_made_is_read_where_they_meet() -> None:
    assert readers_of(NAMES, branches()) == ((1, 2), (3,), (3,), (4,), ())


def test_keras_2_writes_lists() -> None:
    rows = [
        {"name": name, "class_name": "Dense", "config": {},
         "inbound_nodes": [[[one, 0, 0, {}] for one in read]] if read else []}
        for name, read in (("in", ()), ("left", ("in",)), ("right", ("in",)),
                           ("add", ("left", "right")), ("out", ("add",)))
    ]  # fmt: skip
    told = {"layers": rows, "output_layers": [["out", 0, 0]]}
    assert readers_of(NAMES, told) == readers_of(NAMES, branches())


def test_a_model_inside_is_entered_and_left_by_its_ends() -> None:
    rows = [node("x", kind="InputLayer"), node("inner", "x", **branches()),
            node("last", "inner")]  # fmt: skip
    names = ["x", *(f"inner/{name}" for name in NAMES), "last"]
    read = readers_of(names, {"layers": rows, "output_layers": ["last", 0, 0]})
    assert read == ((1,), (2, 3), (4,), (4,), (5,), (6,), ())


def test_a_wrapper_gathers_what_the_layer_inside_made() -> None:
    rows = [node("a"), node("td", "a", layer={"config": {"name": "d"}}),
            node("b", "td")]  # fmt: skip
    told = {"layers": rows, "output_layers": ["b", 0, 0]}
    assert readers_of(("a", "td/d", "td", "b"), told) == ((1,), (2,), (3,), ())


def test_what_is_not_listed_may_need_what_it_reads() -> None:
    rows = [node("a"), node("b"), node("op", "a", "b"), node("c", "op")]
    told = {"layers": rows, "output_layers": ["c", 0, 0]}
    read = (2, UNKNOWN)
    expected = (tuple(sorted(read)), tuple(sorted(read)), ())
    assert readers_of(("a", "b", "c"), told) == expected
    listed = readers_of(("a", "b", "op", "c"), told)
    assert listed == ((2,), (2,), (3,), ())


@pytest.mark.parametrize(
    "config",
    [None, 7, [], {}, {"layers": 3}, {"layers": [None, {"config": 4}]},
     {"layers": [{"name": "left", "inbound_nodes": "left"}]},
     {"layers": [{"name": "other", "inbound_nodes": {"keras_history": None}}]}],
)  # fmt: skip
def test_without_a_graph_the_list_is_a_chain(config) -> None:
    assert readers_of(NAMES, config) == ((1,), (2,), (3,), (4,), ())


def test_layers_that_read_themselves_end() -> None:
    rows = [node("in", "in"), node("op", "op2"), node("op2", "op"), node("out", "op")]
    told = {"layers": rows, "output_layers": ["out", 0, 0]}
    assert readers_of(("in", "out"), told) == ((0,), ())
