"""What each measure would bring: with its figure, or with the reason why not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.estimate.remedies import load_measures, remedies_of
from kerascrash.model.verdict import Diagnosis, Remedy

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
MIB = 1 << 20
NAMED = {
    "smaller_batch", "half_precision", "narrower_data", "gradient_accumulation",
    "streaming", "smaller_buffers", "fewer_workers", "smaller_layer", "fewer_filters",
    "rematerialisation", "pruning", "quantisation", "distillation",
    "leaner_optimizer", "bigger_limit",
}  # fmt: skip


def judged(name: str) -> Diagnosis:
    return diagnose(load_case(SAMPLES / name / "dump.bin.gz"))


def by_id(remedies: tuple[Remedy, ...]) -> dict[str, Remedy]:
    return {one.id: one for one in remedies}


def dense(units: int, given: int, **more: Any) -> dict[str, Any]:
    count = units * (given + 1)
    return {"name": f"dense_{units}", "class": "Dense", "module": "keras",
            "dtype": "float32", "input_shape": [None, given], "trainable": True,
            "output_shape": [None, units], "parameters": count,
            "weights_bytes": 4 * count,
            "settings": {"units": units, "activation": "relu"}, **more}  # fmt: skip


def trained(training, *layers: dict[str, Any], batch: int = 4096, **more: Any) -> Any:
    """A run that died of its limit in the steps of a model of these layers."""
    count = sum(row["parameters"] for row in layers)
    builder = training().grows((5, 500), (20, 1530)).dies_of_limit()
    builder.runs(5.0, step=0, batch_size=batch)
    builder.event(4.9, "batch", stage="FIT", batch_size=batch)
    builder.models = {
        "models": [{"name": "net", "class": "Functional", "built": True,
                    "parameters": count, "trainable_parameters": count,
                    "weights_bytes": 4 * count, "layers": list(layers),
                    "optimizer": {"class": "Adam", "bytes": 12}, **more}],
        "batches": [{"stage": "FIT", "batch_size": batch,
                     "shapes": [["x", [batch, 64], "float32"]],
                     "place": {"file": "/home/ada/train.py", "line": 20}}],
    }  # fmt: skip
    builder.at_line(f"model.fit(x, y, batch_size={batch})")
    return builder


def test_every_measure_that_people_name_has_its_answer() -> None:
    assert {measure.id for measure in load_measures()} == NAMED
    for name in ("batch_too_large", "model_too_large", "data_too_large"):
        found = judged(name).remedies
        assert {one.id for one in found} == NAMED
        for one in found:
            assert one.helps in ("yes", "no", "cannot tell")
            assert one.detail.endswith(".")
            assert one.saves_bytes is None or one.helps == "yes"


@pytest.mark.parametrize("name", ["list_leak_cgroup", "module_dict_leak"])
def test_what_a_leak_contradicts_is_not_advised(name: str) -> None:
    """Negative: a smaller step only takes longer to die of what grows."""
    diagnosis = judged(name)
    said = " ".join(one.action.lower() for one in diagnosis.verdict.advice)
    assert not re.search(r"\bbatch|precision|optimizer|layer|accumul", said), said
    remedies = by_id(diagnosis.remedies)
    assert {one.helps for one in remedies.values()} == {"no"}
    assert remedies["bigger_limit"].detail.startswith("no limit is enough")


def test_a_batch_that_died_gets_figures_and_lines() -> None:
    diagnosis = judged("batch_too_large")
    remedies = by_id(diagnosis.remedies)
    smaller = remedies["smaller_batch"]
    assert smaller.helps == "yes"
    assert (smaller.saves_bytes or 0) > 1000 * MIB
    assert smaller.example == (
        "model.fit(images, labels, batch_size=112, epochs=3, verbose=2)"
    )
    assert smaller.place is not None
    assert smaller.place.line == 23
    assert remedies["fewer_filters"].helps == "yes"
    assert "conv2d" in remedies["fewer_filters"].detail
    first = diagnosis.verdict.advice[0]
    assert first.example == smaller.example
    for useless in ("pruning", "quantisation", "distillation", "narrower_data"):
        assert remedies[useless].helps == "no"


def test_those_that_help_come_first() -> None:
    order = [one.helps for one in judged("batch_too_large").remedies]
    assert order == sorted(order, key=["yes", "cannot tell", "no"].index)
    saved = [one.saves_bytes or 0 for one in judged("model_too_large").remedies]
    assert saved[0] == max(saved)


def test_half_precision_cannot_be_told_on_a_processor_alone() -> None:
    remedies = by_id(judged("batch_too_large").remedies)
    assert remedies["half_precision"].helps == "cannot tell"


def test_half_precision_saves_on_a_device_but_not_for_weights(training) -> None:
    counted = {"devices": [{"device": "GPU:0", "framework": "tensorflow",
                            "in_use": 900 * MIB, "peak": 900 * MIB}]}  # fmt: skip
    wide = trained(training, dense(4096, 64), dense(64, 4096), batch=20_000).build()
    wide = replace(wide, recording=replace(wide.recording, allocators=counted))
    found = by_id(remedies_of(wide, "batch_size"))["half_precision"]
    assert found.helps == "yes"
    assert (found.saves_bytes or 0) > 300 * MIB
    heavy = trained(training, dense(8192, 8192), batch=4).build()
    heavy = replace(heavy, recording=replace(heavy.recording, allocators=counted))
    found = by_id(remedies_of(heavy, "model_size"))["half_precision"]
    assert found.helps == "no"
    assert "masters" in found.detail


def test_the_optimizer_that_keeps_nothing_is_not_replaced(training) -> None:
    layer = dense(8192, 8192)
    adam = trained(training, layer, batch=4).build()
    found = by_id(remedies_of(adam, "model_size"))["leaner_optimizer"]
    assert found.helps == "yes"
    assert found.saves_bytes == 4 * 8192 * 8193
    sgd = trained(training, layer, batch=4, optimizer={"class": "SGD", "bytes": 12})
    found = by_id(remedies_of(sgd.build(), "model_size"))["leaner_optimizer"]
    assert found.helps == "no"


def test_a_moving_average_stays_whatever_the_optimizer(training) -> None:
    told = {"class": "Adam", "bytes": 12, "settings": {"use_ema": True}}
    case = trained(training, dense(8192, 8192), batch=4, optimizer=told).build()
    found = by_id(remedies_of(case, "model_size"))["leaner_optimizer"]
    assert found.saves_bytes == 4 * 8192 * 8193


def test_wide_data_and_where_they_are_made() -> None:
    remedies = by_id(judged("data_too_large").remedies)
    assert remedies["narrower_data"].helps == "yes"
    assert remedies["streaming"].helps == "yes"
    assert (remedies["streaming"].saves_bytes or 0) > 2 * MIB * 900
    assert remedies["smaller_batch"].helps == "no"


def test_no_memory_death_has_no_measures() -> None:
    assert judged("value_error").remedies == ()
    assert judged("kill_healthy").remedies == ()


def test_the_limit_that_would_do_is_named() -> None:
    limit = by_id(judged("batch_too_large").remedies)["bigger_limit"]
    assert limit.helps == "yes"
    assert re.search(r"docker run -m \d+g", limit.example)
