"""Traces as JSON and back: the same values, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerascrash.collect.trace_json import read_traces_json, write_traces_json
from kerascrash.model.allocator_map import AllocatorMap, ChunkGroup
from kerascrash.model.trace import (
    AllocatorMemory,
    GrowingGroup,
    LiveGroup,
    OpTime,
    Step,
    Trace,
)

GROUP = LiveGroup("MatMul", "[64,8]", "float", 3, 6144, 6000, "output")
TRACE = Trace(
    "a.xplane.pb", "xplane", "ok", 99, "h", 1.5, 2.5, 7, 0, ("/device:GPU:0",),
    {"x": 1},
    (AllocatorMemory("GPU_0_bfc", "GPU:0", 1 << 30, timeline=((1.0, 5), (2.0, 6)),
                     live=(GROUP,), growing=(GrowingGroup(GROUP, (1, 2), 4.0),)),),
    (Step("1", 1.0, 0.5),), 0.25, (OpTime("MatMul", "p", 3, 0.5),), ("note",),
)  # fmt: skip
MAP = AllocatorMap(
    "GPU_0_bfc", "GPU:0", "log", 1.0, 7, by_size=(ChunkGroup(256, 2, 512),)
)


def test_what_is_written_is_read() -> None:
    data = json.loads(json.dumps(write_traces_json((TRACE, MAP, "else"))))
    assert read_traces_json(data) == (TRACE, MAP)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "9"), ("size", True), ("size", 1 << 70), ("planes", [1]),
        ("steps", [{}]), ("allocators", {"a": 1}), ("allocators", [[]]),
        ("devices", {"a": "b"}), ("path", None), ("begin", "now"),
        ("ops", [{"name": 3}]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_out(name: str, value: Any) -> None:
    data = json.loads(json.dumps(write_traces_json((TRACE, MAP))))
    data["traces"][0][name] = value
    assert read_traces_json(data) == (MAP,)
    assert read_traces_json({"traces": value}) == ()
