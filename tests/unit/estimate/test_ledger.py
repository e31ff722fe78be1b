"""The ledger balances to the byte, whatever was recorded, at death and at the peak."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerascrash.estimate.device_ledger import device_ledgers
from kerascrash.estimate.ledger import REMAINDER, host_ledger, peak_ledger
from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.verdict import Ledger

MIB = 1 << 20
KNOWN_BY = {"measured", "computed", "inferred"}


def dense(name: str, units: int, given: int, **more: Any) -> dict[str, Any]:
    count = units * (given + 1)
    return {"name": name, "class": "Dense", "module": "keras", "dtype": "float32",
            "input_shape": [None, given], "output_shape": [None, units],
            "parameters": count, "weights_bytes": 4 * count, "trainable": True,
            "settings": {"units": units, "activation": "relu"}, **more}  # fmt: skip


def model(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    count = sum(row["parameters"] for row in layers)
    return {"name": "net", "class": "Functional", "built": True, "parameters": count,
            "trainable_parameters": count, "weights_bytes": 4 * count,
            "layers": list(layers), "optimizer": {"class": "Adam", "bytes": 12},
            **more}  # fmt: skip


def balances(ledger: Ledger | None) -> bool:
    assert ledger is not None
    assert {line.known_by for line in ledger.lines} <= KNOWN_BY
    assert [line.name for line in ledger.lines].count(REMAINDER) == 1
    return sum(line.bytes for line in ledger.lines) == ledger.total


def by_name(ledger: Ledger | None) -> dict[str, Any]:
    assert ledger is not None
    return {line.name: line for line in ledger.lines}


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    levels=st.lists(st.integers(100, 4000), min_size=1, max_size=6),
    units=st.integers(1, 5000),
    batch=st.integers(1, 4096),
    steps=st.integers(0, 5),
    held=st.integers(0, 3000),
    counts=st.lists(st.integers(1, 400), min_size=0, max_size=5),
    children=st.integers(0, 500),
    policy=st.sampled_from(["float32", "float16"]),
)
def test_it_balances_to_the_byte(
    training, levels, units, batch, steps, held, counts, children, policy
) -> None:
    builder = training()
    builder.grows(*((4.0 + at, level) for at, level in enumerate(levels)))
    builder.runs(4.0, step=steps, batch_size=batch)
    builder.models = {
        "models": [model(dense("a", units, 64, dtype=policy))],
        "batches": [{"batch_size": batch, "shapes": [["x", [batch, 64], "float32"]]}],
    }
    if held:
        builder.holds("images", held * MIB, dtypes={"float32": held * MIB})
    if counts:
        builder.holds_list("kept", 3_000_001, counts)
    builder.extra["children_rss"] = children * MIB
    case = builder.build()
    assert balances(host_ledger(case))
    peak = peak_ledger(case)
    assert peak is None or (balances(peak) and peak.at == "peak")


def test_the_peak_has_a_ledger_of_its_own_where_it_was_another_moment(training) -> None:
    builder = training().runs(5.0, step=40, batch_size=64)
    builder.grows((5, 500), (10, 2500), (12, 600))
    builder.models = {"models": [model(dense("a", 4096, 4096))]}
    case = builder.build()
    death, peak = host_ledger(case), peak_ledger(case)
    assert death is not None
    assert peak is not None
    assert death.total < peak.total
    assert abs(peak.total - 2500 * MIB) < 100 * MIB
    assert by_name(peak)["gradients"].bytes > by_name(death)["gradients"].bytes


def test_a_death_at_the_peak_has_one_ledger(training) -> None:
    builder = training().grows((5, 500), (20, 1500)).runs(5.0, step=40, batch_size=64)
    assert peak_ledger(builder.build()) is None


def test_masters_in_full_precision_have_copies_in_half(training) -> None:
    layers = dense("a", 4096, 4096, dtype="float16"), dense("b", 9, 4096)
    builder = training().grows((5, 500), (20, 3000)).runs(5.0, step=9, batch_size=4)
    builder.models = {"models": [model(*layers)]}
    builder.models["models"][0]["optimizer"] = {
        "class": "LossScaleOptimizer", "bytes": 12, "variables": 3,
        "settings": {"inner": "Adam", "use_ema": True},
    }  # fmt: skip
    lines = by_name(host_ledger(builder.build()))
    weights = 4 * 4096 * 4097
    assert lines["half-precision copies"].bytes == weights // 2
    assert lines["gradients"].bytes == pytest.approx(weights, rel=0.01)
    # Adam's two and the moving average, each of the masters' size.
    assert lines["optimizer slots"].bytes == pytest.approx(3 * weights, rel=0.01)
    assert "moving average" in lines["optimizer slots"].detail
    assert "loss scaling" in lines["optimizer slots"].detail


def test_frozen_layers_have_no_gradients_and_no_slots(training) -> None:
    frozen = dense("a", 4096, 4096, trainable=False)
    builder = training().grows((5, 500), (20, 3000)).runs(5.0, step=9, batch_size=4)
    builder.models = {"models": [model(frozen, dense("b", 9, 4096))]}
    builder.models["models"][0]["trainable_parameters"] = 9 * 4097
    lines = by_name(host_ledger(builder.build()))
    assert lines["gradients"].bytes == pytest.approx(4 * 9 * 4097, rel=0.01)
    assert lines["optimizer slots"].bytes == pytest.approx(8 * 9 * 4097, rel=0.01)
    # Nothing goes back to the frozen part, so nothing of it is kept.
    assert lines["activations"].bytes == 4 * 9 * 4


def test_a_device_has_a_ledger_by_purpose_that_balances(training) -> None:
    builder = training().runs(5.0, step=9, batch_size=64)
    builder.models = {"models": [model(dense("a", 4096, 4096))]}
    case = builder.build()
    chart = AllocatorMap(
        allocator="GPU_0_bfc", device="GPU:0", source="stderr",
        in_use_bytes=900 * MIB, peak_bytes=900 * MIB, free_bytes=50 * MIB,
        chunks=9,
    )  # fmt: skip
    case = replace(case, traces=(chart,))
    (ledger,) = [one for one in device_ledgers(case) if one.view == "purpose"]
    assert balances(ledger)
    lines = by_name(ledger)
    assert lines["weights"].bytes == 4 * 4096 * 4097
    assert lines["optimizer slots"].bytes == 2 * lines["weights"].bytes
    assert lines["allocator slack"].bytes == 50 * MIB


def test_a_model_of_five_hundred_layers_takes_little_time(training) -> None:
    builder = training().grows((5, 500), (20, 3000)).runs(5.0, step=9, batch_size=64)
    layers = [dense(f"d{at}", 256, 256) for at in range(500)]
    builder.models = {"models": [model(*layers)]}
    case = builder.build()
    times = []
    for _ in range(5):
        begin = time.process_time()
        host_ledger(case)
        times.append(time.process_time() - begin)
    print(f"ledger of 500 layers: {1000 * min(times):.1f} ms")
    assert min(times) < 0.05
