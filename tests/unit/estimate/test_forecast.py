"""What is forecast of other batch sizes, and when nothing can be told."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import pytest

from kerascrash.estimate.chance import mean_above
from kerascrash.estimate.forecast import forecast_of, in_parts
from kerascrash.estimate.forecast_facts import fit_facts, forecast_facts
from kerascrash.model.case import Series
from tests.unit.conftest import START

MIB = 1 << 20


def network(width: int = 64_000) -> dict:
    """One wide layer with an optimizer: what it keeps is width × batch × 4 bytes."""
    layer = {"name": "a", "class": "Dense", "module": "keras", "dtype": "float32",
             "output_shape": [None, width], "input_shape": [None, 8],
             "settings": {"units": width, "activation": "relu"}}  # fmt: skip
    optimizer = {"class": "SGD", "bytes": 12}
    return {"models": [{"name": "m", "layers": [layer], "optimizer": optimizer}]}


def ran(training, *, peak: int = 1500, batch: int = 1024, steps: int = 9, **known):
    """A fit that began at 450 MiB and went up to ``peak`` MiB."""
    builder = training(seconds=14, **known).grows((11, 450), (12, peak), (14, peak))
    builder.runs(11, step=steps, step_in_epoch=steps, batch_size=batch)
    builder.models = network()
    return builder


def test_what_was_seen_is_predicted_for_its_own_batch(training) -> None:
    forecast = forecast_of(ran(training).build())
    assert forecast.peak(1024).bytes == pytest.approx(1500 * MIB, rel=0.01)


def test_the_peak_rises_with_the_batch_and_so_does_the_doubt(training) -> None:
    forecast = forecast_of(ran(training).build())
    small, same, large = (forecast.peak(n) for n in (256, 1024, 4096))
    assert small.bytes < same.bytes < large.bytes
    assert large.high - large.low > same.high - same.low
    assert large.bytes > 1.5 * same.bytes


def test_a_few_large_tensors_leave_more_to_chance_than_many_small_ones(
    training,
) -> None:
    reach = []
    for count, width in ((4, 64_000), (64, 4_000)):
        builder = ran(training, batch=64, peak=700)
        (model,) = builder.models["models"]
        row = model["layers"][0]
        row |= {"output_shape": [None, width], "settings": {"units": width}}
        model["layers"] = [{**row, "name": str(number)} for number in range(count)]
        seen = forecast_of(builder.build()).peak(64)
        reach.append(seen.high - seen.bytes)
    assert reach[0] > 1.5 * reach[1]


def test_the_largest_batch_fits_and_twice_its_upper_end_does_not(training) -> None:
    forecast = forecast_of(ran(training, limit=1000 * MIB).build())
    assert forecast.limit == 1000 * MIB
    found = forecast.largest(forecast.limit)
    assert found is not None
    batch, low, high = found
    assert 0 < low <= batch <= high
    assert forecast.fits(batch, forecast.limit)
    assert not forecast.fits(2 * high, forecast.limit)


def test_two_batches_that_were_seen_give_the_slope(training) -> None:
    builder = training(seconds=20).grows((9, 450), (10, 700), (13, 700))
    builder.grows((14, 1200), (20, 1200))
    for at, end, batch in ((9, 13, 512), (13.5, 18, 1536)):
        builder.event(at - 0.1, "batch", stage="FIT", batch_size=batch)
        builder.event(at, "stage_begin", stage="fit")
        builder.event(end, "stage_end", stage="fit", ok=True)
    builder.progress = {"batch_size": 1536, "step": 99}
    builder.models = network()
    forecast = forecast_of(builder.build())
    assert {run.batch for run in forecast.observed} == {512, 1536}
    assert forecast.peak(1536).bytes == pytest.approx(1200 * MIB, rel=0.05)


def test_a_death_before_the_first_step_is_over_is_computed(training) -> None:
    seen = forecast_of(ran(training, limit=900 * MIB, peak=890, steps=0).build())
    assert seen.from_model_alone
    assert seen.peak(1024).high >= 890 * MIB
    done = forecast_of(ran(training, limit=900 * MIB, peak=890).build())
    width = [f.peak(512).high - f.peak(512).low for f in (seen, done)]
    assert width[0] > width[1]


@pytest.mark.parametrize(
    ("width", "told"), [(64_000, True), (95_000, True), (900, False)]
)
def test_a_batch_that_died_of_its_limit_is_never_said_to_fit(
    training, width: int, told: bool
) -> None:
    """What the shapes nearly account for is put right; far less is no forecast."""
    builder = ran(training, limit=1000 * MIB, peak=996, steps=0)
    builder.models = network(width)
    facts = fit_facts(builder.build())
    assert (facts["predicted_peak_bytes"] is not None) is told
    assert facts["fits"] is (False if told else None)
    if told:
        assert facts["largest_batch"]["batch_size"] < 1024
    else:
        assert "halve the batch" in facts["reason"]


@pytest.mark.parametrize(("steps", "wider"), [(0, True), (9, False)])
def test_code_of_ones_own_is_a_guess_until_a_step_was_seen(
    training, steps: int, wider: bool
) -> None:
    reach = []
    for module in ("keras", "train"):
        builder = ran(training, limit=900 * MIB, peak=890, steps=steps)
        (model,) = builder.models["models"]
        model["layers"].append({**model["layers"][0], "name": "b", "module": module})
        peak = forecast_of(builder.build()).peak(1024)
        reach.append(peak.high - peak.low)
    assert (reach[1] > 1.5 * reach[0]) is wider


def test_the_mean_above_a_bound() -> None:
    chance = NormalDist(100, 10)
    assert mean_above(chance, 20) == pytest.approx(100)
    assert mean_above(chance, 100) == pytest.approx(100 + 10 * (2 / math.pi) ** 0.5)
    assert 200 < mean_above(chance, 200) < 202


def with_series(case, name: str, *points: tuple[float, int]):
    """The case with readings of ``name`` at seconds since the start."""
    at, values = zip(*points, strict=True)
    row = Series(name, "recorder", tuple(START + time for time in at), values)
    recording = replace(case.recording, series=(*case.recording.series, row))
    return replace(case, recording=recording)


def test_files_count_as_they_were_before_the_limit_took_them(training) -> None:
    """At its limit the kernel gives up pages of files first: few are left at death."""
    case = ran(training, limit=900 * MIB, peak=890, steps=0).build()
    kept, lost = (
        forecast_of(
            with_series(case, "file", (1, 300 * MIB), (11, 310 * MIB), (13.9, last))
        )
        for last in (310 * MIB, 60 * MIB)
    )
    assert kept.mapped == lost.mapped == 310 * MIB
    assert kept.largest(900 * MIB) == lost.largest(900 * MIB)


def test_files_mapped_by_the_training_are_no_part_of_what_was_there(training) -> None:
    case = ran(training, limit=900 * MIB, peak=890, steps=0).build()
    seen = forecast_of(with_series(case, "file", (11, 300 * MIB), (12, 800 * MIB)))
    assert seen.mapped <= 450 * MIB


def compiled(training, mode: str, *, floor: float):
    """Steps of 1,024 samples that rise to 1,500 MiB and fall to ``floor`` MiB."""
    builder = training(seconds=18).grows((11, 450), (12, 800), (12.2, 1500))
    for at in (13, 14, 15, 16, 17):
        builder.grows((at, floor), (at + 0.5, 1500))
    builder.runs(11, step=9, step_in_epoch=9, batch_size=1024)
    builder.models = network()
    builder.models["models"][0]["jit_compile"] = mode == "xla"
    return with_series(builder.build(), "step", (11.5, 0), (12.5, 1), (17.9, 9))


def test_what_xla_gives_back_after_each_step_is_what_grows(training) -> None:
    """Its compiler takes as it likes; the level between steps tells how much."""
    for floor in (800, 1200):
        seen = forecast_of(compiled(training, "xla", floor=floor))
        assert seen.peak(2048).bytes == pytest.approx(
            (1500 + 1500 - floor) * MIB, rel=0.06
        )


def test_of_a_graph_the_level_between_steps_tells_nothing(training) -> None:
    """Arenas keep what a batch took: it is not what does not grow with it."""
    low, high = (
        forecast_of(compiled(training, "graph", floor=floor)).peak(2048).bytes
        for floor in (800, 1200)
    )
    assert low == high


def never_built(training, *inputs: str):
    """The death of a subclassed model in its first step: no layer tells a shape."""
    builder = ran(training, limit=900 * MIB, peak=890, steps=0)
    (model,) = builder.models["models"]
    model |= {"class": "Net", "built": False, "parameters": 0}
    model["layers"][0] |= {"output_shape": None, "input_shape": None, "parameters": 0}
    shapes = [[name, [None, 8], "float32"] for name in (*inputs, "y")]
    builder.models["batches"] = [{"batch_size": 1024, "shapes": shapes}]
    return builder.build()


def test_a_model_that_was_never_built_is_sized_by_its_data(training) -> None:
    seen = forecast_of(never_built(training, "x"))
    built = forecast_of(ran(training, limit=900 * MIB, peak=890, steps=0).build())
    assert seen.largest(900 * MIB) is not None
    assert seen.peak(512).bytes == pytest.approx(built.peak(512).bytes, rel=0.05)
    one, other = seen.peak(512), built.peak(512)
    assert one.high - one.low > other.high - other.low


def test_of_several_inputs_nobody_knows_which_layer_reads_which(training) -> None:
    facts = forecast_facts(never_built(training, "x[0]", "x[1]"))
    assert facts["fits"] is None
    assert "shapes are unknown" in facts["reason"]


def test_no_batch_is_named_where_a_list_leaks(leaking) -> None:
    leaking.models = network()
    leaking.progress["batch_size"] = 32
    facts = forecast_facts(leaking.build())
    assert facts["fits"] is None
    assert "history" in facts["reason"]


def test_nothing_is_told_without_a_batch(training) -> None:
    facts = fit_facts(training().build(), limit=900 * MIB)
    assert facts["predicted_peak_bytes"] is None
    assert facts["fits"] is None
    assert facts["reason"]


def test_every_batch_below_the_one_that_is_named_fits_too(training) -> None:
    """Tensors that are mapped leave nothing behind: the peak falls at that edge."""
    builder = ran(training, peak=800, batch=16)
    (model,) = builder.models["models"]
    row, width = model["layers"][0], 100_000
    row |= {"output_shape": [None, width], "settings": {"units": width}}
    model["layers"] = [{**row, "name": str(number)} for number in range(12)]
    forecast = forecast_of(builder.build())
    peaks = [forecast.peak(batch).bytes for batch in range(1, 128)]
    assert any(after < before for before, after in pairwise(peaks))
    for limit in range(500 * MIB, 1200 * MIB, 20 * MIB):
        batch, _, high = forecast.largest(limit) or (0, 0, 0)
        assert batch <= high
        assert all(forecast.fits(below, limit) for below in range(1, batch + 1))


def test_a_limit_that_not_even_one_sample_fits(training) -> None:
    facts = fit_facts(ran(training).build(), limit=100 * MIB)
    assert facts["fits"] is False
    assert facts["largest_batch"] is None
    assert "not even" in facts["reason"]


@pytest.mark.parametrize(
    ("batch", "fitting", "parts"),
    [(512, 120, (8, 64)), (512, 128, (4, 128)), (500, 130, (4, 125)),
     (509, 120, (5, 102)), (7, 1, (7, 1)), (6, 5, (2, 3))],
)  # fmt: skip
def test_a_batch_in_parts_is_the_batch_again(
    batch: int, fitting: int, parts: tuple[int, int]
) -> None:
    assert in_parts(batch, fitting) == parts
    assert parts[1] <= fitting
    assert batch <= parts[0] * parts[1] < batch + parts[0]
