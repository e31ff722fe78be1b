"""What a callback keeps at the end of an epoch grows with epochs, not with steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.estimate.epoch_growth import growth_each_epoch, pace_of
from kerascrash.estimate.holdings import Holding
from kerascrash.model.evidence import Place

MIB = 1 << 20
START = 1_795_441_402.0
EACH = 8 * MIB


@pytest.fixture
def epochs(training):
    """Return a case of eight epochs of ten steps, each of which took two seconds."""
    builder = training().grows((4, 400), (20, 900)).runs(4, step=80)
    for epoch in range(8):
        builder.event(4 + 2 * epoch, "epoch_begin", epoch=epoch)
        builder.event(5.99 + 2 * epoch, "epoch_end", epoch=epoch, steps=10)
    return builder.build()


def held(looks: list[tuple[float, int]], function: str = "main") -> Holding:
    """Return a list that was looked at: seconds since the start, elements."""
    history = tuple(
        (int((at - 4) * 5), START + at, count * EACH) for at, count in looks
    )
    size = history[-1][2]
    return Holding(
        "kept", "list", "list of 8 EagerTensors", looks[-1][1], size,
        element_type="EagerTensor", history=history, growth_per_step=EACH / 10,
        place=Place("/home/ada/train.py", 4, function), place_how="append",
    )  # fmt: skip


TWICE_AN_EPOCH = [(4.5 + number, number // 2) for number in range(15)]


def test_larger_after_each_epoch_and_never_after_steps_alone(epochs) -> None:
    assert growth_each_epoch(epochs, held(TWICE_AN_EPOCH)) == pytest.approx(EACH)
    assert pace_of(epochs, held(TWICE_AN_EPOCH)) == (pytest.approx(EACH), "epoch")


def test_the_function_that_fills_it_tells_where_looks_are_rare(epochs) -> None:
    rare = [(4.5, 0), (9.5, 2), (15.5, 5), (19.5, 7)]
    assert growth_each_epoch(epochs, held(rare)) is None
    hook = held(rare, "Recorder.on_epoch_end")
    assert growth_each_epoch(epochs, hook) == pytest.approx(EACH)


def test_what_grows_at_steps_as_well_is_a_matter_of_steps(epochs) -> None:
    at_steps = [(4.5 + number, number) for number in range(15)]
    assert growth_each_epoch(epochs, held(at_steps)) is None
    assert pace_of(epochs, held(at_steps)) == (EACH / 10, "step")


def test_a_loop_without_epochs_has_steps_alone(epochs) -> None:
    recording = replace(epochs.recording, marks=())
    loop = replace(epochs, recording=recording)
    assert growth_each_epoch(loop, held(TWICE_AN_EPOCH, "on_epoch_end")) is None


def test_the_verdict_says_per_epoch_and_keeps_the_rate_per_step(leaking) -> None:
    for epoch in range(4):
        leaking.event(9 + 2.7 * epoch, "epoch_begin", epoch=epoch)
        leaking.event(11.6 + 2.7 * epoch, "epoch_end", epoch=epoch, steps=70)
    entry = leaking.inventory["entries"][0]
    entry["place"] = {**entry["place"], "function": "Recorder.on_epoch_end"}
    verdict = diagnose(leaking.build()).verdict
    assert verdict.culprit is not None
    assert verdict.culprit.growth_bytes_per_step == 4e6
    assert verdict.culprit.growth_bytes_per_epoch
    assert " per epoch." in verdict.summary
    assert "per step" not in verdict.summary
