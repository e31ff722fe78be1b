"""Arithmetic on shapes, models, growth and the ledger."""

from __future__ import annotations

import pytest

from kerascrash.estimate.dtypes import dtype_size, elements, narrower_dtype
from kerascrash.estimate.growth import bytes_at_death
from kerascrash.estimate.holdings import holdings_of
from kerascrash.estimate.kept import data_held, growing
from kerascrash.estimate.ledger import REMAINDER, host_ledger
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.resident import resident_at_death, runtime_baseline
from kerascrash.model.case import Recording

MIB = 1 << 20


@pytest.mark.parametrize(
    ("shape", "batch", "count"),
    [
        ([None, 28, 28, 3], 10, 23_520),
        ([4, 5], 10, 20),
        ([None, None, 8], 2, 16),
        ([[None, 3], [None, 4]], 2, 14),
        ([], 5, 1),
        (None, 5, 0),
        ("hostile", 5, 0),
        ([None, True, "x", -4], 2, 2),
    ],
)
def test_elements(shape, batch, count) -> None:
    assert elements(shape, batch) == count


@pytest.mark.parametrize(
    ("name", "size"),
    [("float64", 8), ("<dtype: 'float16'>", 2), ("tf.uint8", 1), ("weird", 4)],
)
def test_dtype_size(name, size) -> None:
    assert dtype_size(name) == size


def test_only_wide_dtypes_have_a_narrower_one() -> None:
    assert narrower_dtype("float64") == "float32"
    assert narrower_dtype("float32") is None


def test_models_weights_gradients_slots_activations() -> None:
    layers = [
        {"name": "a", "class": "Dense", "parameters": 1000, "weights_bytes": 4000,
         "output_shape": [None, 50], "dtype": "float32"},
    ]  # fmt: skip
    raw = {"name": "m", "parameters": 1000, "trainable_parameters": 500,
           "weights_bytes": 4000, "layers": layers,
           "optimizer": {"class": "Adam"}}  # fmt: skip
    recording = Recording("d", "recording", models={"models": [raw]},
                          progress={"batch_size": 8})  # fmt: skip
    (model,) = models_of(recording)
    assert (model.weights, model.gradients, model.slots) == (4000, 2000, 4000)
    assert model.slots_known_by == "computed"
    assert model.activations == 8 * 50 * 4


def test_an_optimizer_that_is_built_tells_its_own_slots() -> None:
    raw = {"name": "m", "parameters": 100, "trainable_parameters": 100,
           "weights_bytes": 400,
           "optimizer": {"class": "Adam", "bytes": 812}}  # fmt: skip
    (model,) = models_of(Recording("d", "recording", models={"models": [raw]}))
    assert (model.slots, model.slots_known_by) == (812, "measured")


def test_a_leak_is_scaled_to_the_death(training) -> None:
    builder = training().grows((10, 400), (20, 1530)).dies_of_limit()
    builder.holds_list("history", 4_000_000, [10, 50, 90, 135])
    builder.inventory_at = 15.0
    case = builder.build()
    (holding,) = holdings_of(case.recording)
    size, note = bytes_at_death(case, holding)
    rise = case.recording.last("rss") - int((400 + 1130 / 2) * MIB)
    assert size == pytest.approx(holding.bytes + rise, rel=0.02)
    assert size % 4_000_000 == 0
    assert "extrapolated" in note


def test_the_copy_that_an_array_grows_by_is_not_the_arrays(training) -> None:
    # np.vstack in a callback: at the death old, new and added rows lie side by side.
    builder = training().grows((10, 400), (20, 1530)).dies_of_limit()
    builder.inventory_at = 15.0
    array = {"type": "ndarray", "count": 1, "element": {"type": "", "dtype": "float32"}}
    builder.holds_list("kept", MIB, [200, 230, 260, 290], **array)
    case = builder.build()
    (holding,) = holdings_of(case.recording)
    size, note = bytes_at_death(case, holding)
    assert size == pytest.approx((290 + 5 * 30) * MIB, rel=0.1)
    assert "extrapolated" in note


def test_an_array_that_was_seen_once_is_as_large_as_it_was_seen(training) -> None:
    builder = training().grows((10, 400), (20, 1530)).dies_of_limit()
    builder.inventory_at = 15.0
    builder.holds("kept", 290 * MIB)
    case = builder.build()
    (holding,) = holdings_of(case.recording)
    assert bytes_at_death(case, holding) == (290 * MIB, "")


def test_what_was_counted_before_its_memory_was_touched_counts_once(leaking) -> None:
    leaking.inventory_at = 12.0  # 1.1 GB were promised, 226 MiB had come
    case = leaking.build()
    (holding,) = holdings_of(case.recording)
    size, _ = bytes_at_death(case, holding)
    assert holding.bytes <= size < (1530 - 400) * MIB


def test_the_kernels_own_figure_counts_most(leaking) -> None:
    leaking.kernel_lines.append(
        "Memory cgroup out of memory: Killed process 4711 (python) total-vm:9kB, "
        "anon-rss:1572864kB, file-rss:1024kB, shmem-rss:0kB, UID:0"
    )
    resident = resident_at_death(leaking.build())
    assert resident is not None
    assert resident.bytes == (1572864 + 1024) << 10
    assert resident.private == 1572864 << 10
    leaking.pid = 4712
    resident = resident_at_death(leaking.build())
    assert resident is not None
    assert resident.known_by == "the last reading"


def test_the_baseline_is_the_level_after_the_imports(leaking) -> None:
    assert runtime_baseline(leaking.build().recording) == 400 * MIB


def test_data_is_not_counted_twice_under_its_arguments_name(training) -> None:
    builder = training().holds("images", 600 * MIB, dtypes={"float32": 600 * MIB})
    builder.models = {"data": [{"name": "x", "type": "ndarray", "bytes": 600 * MIB}]}
    assert [kept.holding.owner for kept in data_held(builder.build())] == ["images"]


def test_a_list_that_is_emptied_again_does_not_grow(training) -> None:
    builder = training().holds_list("batch_log", 4_000_000, [90, 40, 90, 40])
    assert growing(builder.build()) == ()


def test_a_ledger_shows_a_negative_remainder_as_it_is(training) -> None:
    builder = training(seconds=10).grows((9, 410), (10, 500)).runs(5, step=9)
    builder.holds_list("kept", 4_000_000, [10, 20, 30, 60], growth_bytes_per_step=4e6)
    ledger = host_ledger(builder.build())
    assert ledger is not None
    assert sum(line.bytes for line in ledger.lines) == ledger.total
    (rest,) = [line.bytes for line in ledger.lines if line.name == REMAINDER]
    assert rest < 0


def test_an_array_is_placed_where_it_was_made_not_where_it_is_filled(training) -> None:
    rows = [[3, "    images = np.empty((n, 9))"], [4, "    for i in range(n):"],
            [5, "        images[i] = read(i)"]]  # fmt: skip
    place = {"file": "t.py", "line": 5, "function": "load", "excerpt": rows}
    builder = training().holds("images", 99, place=place, place_how="setitem")
    builder.holds_list("images", 9, [1, 2, 3], place=place, place_how="setitem")
    arrays, lists = holdings_of(builder.build().recording)
    made = arrays.made_at
    assert made is not None
    assert made.line == 3
    filled = lists.made_at
    assert filled is not None
    assert filled.line == 5
