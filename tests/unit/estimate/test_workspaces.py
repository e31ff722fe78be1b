"""Filter gradients fill the processor's last cache, whatever the batch."""

from __future__ import annotations

from typing import Any

import pytest

from kerascrash.estimate.model_arithmetic import LayerBytes
from kerascrash.estimate.workspaces import USUAL_CACHE, kernel_workspaces, last_cache
from kerascrash.model.case import Recording

MIB = 1 << 20


def layer(kind: str = "Conv2D", **more: Any) -> LayerBytes:
    """3 × 3 of 16 channels to 16 on 40 × 40 pixels."""
    known = {"parameters": 2320, "weights": 9280, "output_bytes": 102_400,
             "output_shape": (40, 40, 16)}  # fmt: skip
    return LayerBytes(name="a", type=kind, **{**known, **more})


@pytest.mark.parametrize("cache", [8 * MIB, 32 * MIB, 256 * MIB])
def test_a_filter_gradient_fills_most_of_the_cache(cache) -> None:
    (one,) = kernel_workspaces([layer()], "eager", cache)
    assert 0.8 * cache < one <= cache + 40 * 40 * 145 * 4


def test_in_a_graph_the_filter_of_the_layer_behind_may_be_at_work_too() -> None:
    rows = [layer(), layer("MaxPooling2D"), layer()]
    first, pool, last = kernel_workspaces(rows, "graph", USUAL_CACHE)
    assert (first, pool) == (2 * last, 0)
    assert kernel_workspaces(rows, "eager", USUAL_CACHE) == (last, 0, last)
    assert kernel_workspaces(rows, "xla", USUAL_CACHE) == (0, 0, 0)


@pytest.mark.parametrize(
    "other", [layer("Dense"), layer(trainable=False), layer(parameters=0)]
)
def test_what_has_no_filter_gradient_needs_none(other) -> None:
    assert kernel_workspaces([other], "graph", USUAL_CACHE) == (0,)


def test_the_cache_is_the_recorded_one() -> None:
    recorded = Recording("d", "recording", environment={"cpu_cache_bytes": 64 * MIB})
    assert last_cache(recorded) == 64 * MIB
    assert last_cache(Recording("d", "recording")) == USUAL_CACHE
