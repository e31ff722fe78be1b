"""What a step keeps, by kind of layer; each expectation is a count of tensors."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

from kerascrash.estimate.layer_outputs import computed_output
from kerascrash.estimate.layer_shapes import Basis, per_sample
from kerascrash.estimate.model_arithmetic import model_bytes
from kerascrash.estimate.optimizer_slots import slots_per_weight
from kerascrash.estimate.step_bytes import step_cost
from kerascrash.model.case import Recording

BATCH = 8
BASIS = Basis(BATCH, 1)


def layer(kind: str, given: list, made: list | None, **more: Any) -> dict[str, Any]:
    """One recorded layer of Keras' own."""
    inside = more.pop("layers", None)
    row = {"name": kind.lower(), "class": kind, "module": "keras", "dtype": "float32",
           "input_shape": [None, *given], "trainable": True, "settings": more,
           "output_shape": None if made is None else [None, *made]}  # fmt: skip
    return {**row, "layers": inside} if inside else row


def kept(*rows: dict[str, Any]) -> int:
    """Elements of one sample that a model of these layers keeps."""
    model = model_bytes({"name": "m", "layers": list(rows)}, BATCH, BASIS)
    return model.activations // (4 * BATCH)


@pytest.mark.parametrize(
    ("rows", "elements"),
    [
        # A relu needs its output, a linear layer only what the next one reads.
        ([layer("Dense", [4], [10], activation="relu")], 10),
        ([layer("Dense", [4], [10]), layer("Flatten", [10], [10])], 10),
        ([layer("Dense", [4], [10], activation="gelu")], 40),
        ([layer("Add", [6], [6]), layer("ReLU", [6], [6])], 6),
        ([layer("BatchNormalization", [6], [6]), layer("ReLU", [6], [6])], 6),
        ([layer("LayerNormalization", [6], [6])], 12),
        ([layer("Dropout", [8], [8], rate=0.5)], 10),
        ([layer("Dropout", [8], [8])], 8),
        ([layer("Embedding", [5], [5, 3], output_dim=3)], 15),
        # A view keeps nothing; the product behind it needs what it shows.
        ([layer("Embedding", [5], [5, 3]), layer("Flatten", [5, 3], [15]),
          layer("Dense", [15], [2])], 15 + 2),
        ([layer("LSTM", [3, 2], [4], units=4)], 7 * 3 * 4 + 6 + 4),
        # The next loop makes copies of what it reads, step by step.
        ([layer("GRU", [3, 2], [3, 4], units=4), layer("GRU", [3, 4], [4], units=4)],
         6 * 12 + 6 + 6 * 12 + 12 + 4),
        # Two heads of 2: projections twice, scores once, the output.
        ([layer("MultiHeadAttention", [3, 4], [3, 4], num_heads=2, key_dim=2,
                value_dim=2)], 2 * 3 * 2 * 8 + 2 * 9 + 12),
    ],
)  # fmt: skip
def test_what_is_kept(rows, elements) -> None:
    assert kept(*rows) == elements


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        # TensorFlow's pool: the same tensors where an op writes over the one before.
        ([layer("Dense", [4], [10], activation="relu")], 0),
        ([layer("Conv2D", [8, 8, 3], [8, 8, 4], activation="relu")], 0),
        # The product before it is reshaped; the square and the products of a norm.
        ([layer("Dense", [5, 4], [5, 10], activation="relu")], 50),
        ([layer("BatchNormalization", [6], [6])], 12),
        ([layer("LayerNormalization", [6], [6])], 18),
        ([layer("Dropout", [8], [8], rate=0.5)], 8),
        ([layer("LSTM", [3, 2], [4], units=4)], 18 * 3 * 4),
        ([layer("MultiHeadAttention", [3, 4], [3, 4], num_heads=2, key_dim=2)], 2 * 9),
    ],
)  # fmt: skip
def test_an_eager_step_keeps_more(rows, more) -> None:
    raw = {"name": "m", "layers": rows}
    graph, eager = (
        model_bytes({**raw, "run_eagerly": eagerly}, BATCH, BASIS).activations
        for eagerly in (False, True)
    )
    assert eager - graph == 4 * BATCH * more


def test_a_custom_layer_counts_with_the_layers_inside_it() -> None:
    inner = [layer("Dense", [4], None, units=6, activation="relu"),
             layer("Dense", [6], None, units=4, activation="relu")]  # fmt: skip
    custom = {"name": "block", "class": "Block", "module": "mine", "layers": inner}
    assert kept(custom) == 10


def test_a_nested_model_is_not_counted_twice() -> None:
    inner = [layer("Dense", [4], [6], activation="relu")]
    assert kept(layer("Functional", [4], [6], layers=inner)) == 6


@pytest.mark.parametrize(
    ("kind", "settings", "given", "made"),
    [
        ("Conv2D", {"filters": 8, "kernel_size": [3, 3], "strides": [2, 2],
                    "padding": "same"}, (9, 9, 3), (5, 5, 8)),
        ("Conv1D", {"filters": 8, "kernel_size": [3], "strides": [1],
                    "padding": "valid"}, (9, 3), (7, 8)),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2],
                          "padding": "valid"}, (9, 9, 3), (4, 4, 3)),
        ("Conv2DTranspose", {"filters": 4, "kernel_size": [2, 2], "strides": [2, 2],
                             "padding": "valid"}, (5, 5, 3), (10, 10, 4)),
        ("GRU", {"units": 7, "return_sequences": True}, (9, 3), (9, 7)),
        ("GlobalAveragePooling1D", {}, (9, 3), (3,)),
        ("Dense", {"units": 5}, (9, 3), (9, 5)),
    ],
)  # fmt: skip
def test_output_shapes_of_layers_that_tell_none(kind, settings, given, made) -> None:
    assert computed_output(kind, settings, [given]) == made


def test_time_folded_into_the_batch_stays_a_factor() -> None:
    assert per_sample([BATCH * 5, 3], BASIS) == (5, 3)
    assert per_sample([BATCH, 3], BASIS) == (3,)
    assert per_sample([None, None, 3], Basis(BATCH, 7)) == (7, 3)


@pytest.mark.parametrize(
    ("name", "settings", "slots"),
    [
        ("SGD", {}, 0),
        ("SGD", {"momentum": 0.9}, 1),
        ("Adam", {"amsgrad": True}, 3),
        ("AdamW", {"use_ema": True}, 3),
        ("Lion", {"gradient_accumulation_steps": 4}, 2),
        ("LossScaleOptimizer", {"inner": "Adam"}, 2),
        ("RMSprop", {"momentum": 0.0, "centered": True}, 2),
    ],
)
def test_slots(name, settings, slots) -> None:
    assert slots_per_weight({"class": name, "settings": settings}) == slots


def cost_of(
    *rows: dict[str, Any], optimizer: dict[str, Any] | None = None, **more: Any
):
    """What steps of a model of these layers need."""
    model = {"name": "m", "layers": list(rows), "optimizer": optimizer, **more}
    recording = Recording(
        "d", "recording", models={"models": [model]}, progress={"batch_size": BATCH}
    )
    cost = step_cost(recording, BATCH)
    assert cost is not None
    return cost


def test_the_step_grows_with_the_batch() -> None:
    cost = cost_of(*[layer("Dense", [64], [4096], activation="relu")] * 4)
    sizes = [cost.live(batch) for batch in range(64, 8192, 64)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 20 * sizes[0]


def test_tensors_come_out_of_arenas_until_they_are_mapped() -> None:
    """4,096 floats a sample: 32 MiB are 2,048 samples."""
    cost = cost_of(*[layer("Dense", [4096], [4096], activation="relu")] * 4)
    assert cost.drift(2047) > 0.2 * cost.live(2047)
    assert cost.drift(2048) == 0


def test_the_steps_of_a_loop_are_not_mapped_whatever_their_sequence_is() -> None:
    """64 steps of 64 floats: 32 MiB are 2,048 samples, half a MiB each step."""
    given = {"units": 64, "return_sequences": True}
    cost = cost_of(layer("LSTM", [64, 64], [64, 64], **given))
    assert cost.drift(2048) == pytest.approx(cost.drift(2047), rel=0.01)
    assert cost.drift(2048) > 10 << 20


def test_many_small_tensors_drift_less_than_a_few_large_ones() -> None:
    large, small = (
        cost_of(*[layer("Dense", [units], [units], activation="relu")] * count)
        for units, count in ((1024, 4), (64, 64))
    )
    assert small.live(100) == pytest.approx(large.live(100), rel=0.4)
    assert small.drift(100) < 0.4 * large.drift(100)
    assert large.drift(200) == pytest.approx(2 * large.drift(100))


def test_a_large_weight_is_mapped_with_its_gradient_and_update() -> None:
    for size, comes in ((7_000_000, True), (9_000_000, False)):
        row = layer("Dense", [8], [8], parameters=size)
        row["weights_bytes"] = 4 * size
        cost = cost_of(row, optimizer={"class": "Adam"})
        assert cost.live(1) > 4 * size
        assert (cost.drift(1) > 1 << 20) is comes


def test_gradients_of_later_layers_wait_while_earlier_ones_are_made() -> None:
    rows = [layer("Dense", [8], [8], parameters=params) for params in (100, 900)]
    for row in rows:
        row["weights_bytes"] = 4 * row["settings"]["parameters"]
    cost = cost_of(*rows, optimizer={"class": "SGD"})
    # Of a graph the update of the last one goes on meanwhile.
    assert cost.live(0) == 4000 + cost.update


def test_an_update_goes_on_while_earlier_gradients_are_made() -> None:
    """What is kept for a batch and the copy of a weight are there at once."""
    rows = [layer("Dense", [64], [64], activation="relu", parameters=size)
            for size in (10, 90_000)]  # fmt: skip
    for row in rows:
        row["weights_bytes"] = 4 * row["settings"]["parameters"]
    cost = cost_of(*rows, optimizer={"class": "SGD"})
    assert cost.update == 360_000
    assert cost.live(1000) >= 360_000 + 360_000 + 2 * 4 * 64 * 1000


def test_rows_looked_up_are_there_until_the_table_is_updated() -> None:
    """Of a graph, while the gradient of the layer behind still reads them."""
    rows = [layer("Embedding", [50], [50, 64], output_dim=64),
            layer("Dense", [50, 64], [50, 1])]  # fmt: skip
    rows[0]["weights_bytes"] = 4 * 64 * 1000
    once = 512 * 50 * 64 * 4
    for eagerly, copies in ((False, 3), (True, 2)):
        cost = cost_of(*rows, optimizer={"class": "Adam"}, run_eagerly=eagerly)
        assert cost.live(512) == 4 * 256_000 + copies * once


def test_what_only_the_next_layer_reads_is_gone_before_its_own_gradient() -> None:
    """A dropout's output: the gradient takes its place, and the relu's stays."""
    rows = [layer("Dense", [64], [64], activation="relu"),
            layer("Dropout", [64], [64], rate=0.5),
            layer("Dense", [64], [1])]  # fmt: skip
    assert cost_of(*rows).live(1) == 4 * (64 + 16 + 64 + 64 + 1)


def test_five_hundred_layers_take_little_time() -> None:
    rows = [layer("Conv2D", [32, 32, 8], [32, 32, 8], activation="relu")] * 500
    times = []
    for _ in range(5):
        begin = time.process_time()
        model_bytes({"name": "m", "layers": rows}, BATCH, BASIS)
        times.append(time.process_time() - begin)
    assert min(times) < 0.05


def test_arithmetic_imports_no_tensorflow() -> None:
    code = (
        "import sys, kerascrash.estimate.forecast_facts; "
        "sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
