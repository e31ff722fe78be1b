"""An array that the process died of while it was made: its whole size, its dtype."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.diagnose.engine import diagnose
from kerascrash.estimate.kept import data_held
from kerascrash.model.evidence import Damage

MIB = 1 << 20
WHOLE = 1373 * MIB


def dying(training, source: str, *, whole: int = WHOLE):
    """1.1 GiB of ``whole`` are resident when the limit of 1.5 GiB is reached."""
    builder = training().grows((15, 420), (20, 1530)).dies_of_limit()
    return builder.asks(15.0, whole).at_line(source)


def images(builder, dtype: str = "uint8", width: int = 1):
    """A NumPy array of as many elements as ``WHOLE`` has in float64."""
    size = WHOLE // 8 * width
    element = {"type": "ndarray", "shape": [1500, 200, 200, 3], "dtype": dtype}
    return builder.holds("x_train", size, element=element, dtypes={dtype: size})


@pytest.mark.parametrize(
    "source",
    ["x_train = x_train / 255.0", "x = (x_train - mean) / std", "y = f(x_train)"],
)
def test_a_wider_copy_of_the_data_is_data_and_dtype(training, source) -> None:
    verdict = diagnose(images(dying(training, source)).build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "dtype")
    assert verdict.culprit is not None
    assert verdict.culprit.bytes == pytest.approx(WHOLE, rel=0.01)
    assert "float64" in verdict.culprit.kind


def test_a_copy_in_float32_is_not_too_wide(training) -> None:
    source = "x_train = x_train.astype('float32')"
    builder = images(dying(training, source, whole=WHOLE // 2 * 2))
    builder.asked = [(15.0, WHOLE)]
    builder.inventory = {}
    images(builder, "uint8", 2)  # twice as many elements: 4 bytes each in the copy
    verdict = diagnose(builder.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "none")


def test_far_more_elements_than_the_operand_has_is_the_operation(training) -> None:
    source = "distance = x_train[:, None] - x_train[None, :]"
    builder = dying(training, source)
    builder.holds("x_train", 9 * MIB, dtypes={"float32": 9 * MIB})
    assert diagnose(builder.build()).verdict.factor == "tensor_ops"


@pytest.mark.parametrize("where", ["blob inventory", "fine"])
def test_names_lost_with_a_damaged_dump_prove_no_blow_up(training, where) -> None:
    """Without an inventory all memory would seem to be the line's own."""
    builder = dying(training, "output = tf.matmul(weights, weights) / 1000.0")
    case = builder.build()
    damage = (Damage(where, "2 damaged or half-written of 2 slots"),)
    verdict = diagnose(replace(case, damage=damage)).verdict
    assert verdict.factor == ("none" if where == "blob inventory" else "tensor_ops")


def test_the_whole_size_is_told_and_how_much_of_it_was_there(training) -> None:
    builder = dying(training, "images = np.stack(list_of_images)")
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.owner == "images"
    assert culprit.bytes == WHOLE
    assert "1.1 GiB of it were filled" in culprit.note


def test_a_request_that_was_done_long_ago_says_nothing(training) -> None:
    builder = dying(training, "images = np.stack(list_of_images)")
    builder.asked = [(4.0, 600 * MIB)]  # nothing was written there for eleven seconds
    builder.asks(16.0, 300 * MIB)
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.bytes == pytest.approx(1130 * MIB, rel=0.01)


def test_the_file_being_read_tells_dtype_and_size(training) -> None:
    builder = dying(training, "images = np.load(path)")
    where = {"file": "/home/ada/train.py", "line": 20, "function": "main"}
    builder.event(15.0, "loading", bytes=WHOLE, dtype="float64", shape=[9], where=where)
    verdict = diagnose(builder.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "dtype")
    assert verdict.culprit is not None
    assert verdict.culprit.bytes == WHOLE


def test_a_file_of_another_line_was_read_before(training) -> None:
    builder = dying(training, "images = np.load(path)")
    where = {"file": "/home/ada/train.py", "line": 7, "function": "main"}
    builder.event(
        9.0, "loading", bytes=5 * MIB, dtype="float64", shape=[9], where=where
    )
    verdict = diagnose(builder.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "none")


def test_joining_wide_arrays_makes_a_wide_one(training) -> None:
    builder = dying(training, "x = np.concatenate(parts)")
    size = 300 * MIB
    builder.holds(
        "parts", size, type="list", count=12, dtypes={"float64": size},
        element={"type": "ndarray", "dtype": "float64"},
    )  # fmt: skip
    verdict = diagnose(builder.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "dtype")


def test_a_slice_that_fit_was_given_is_no_second_data_set(training) -> None:
    """`validation_split` hands on views of what is held by name."""
    size = 600 * MIB
    builder = training().grows((10, 420), (20, 1530)).dies_of_limit()
    builder.holds(
        "images", size, dtypes={"float64": size},
        element={"type": "ndarray", "shape": [600, 512, 256], "dtype": "float64"},
    )  # fmt: skip
    part = {"name": "x", "type": "ndarray", "dtype": "float64"}
    builder.models = {"data": [
        {**part, "shape": [540, 512, 256], "bytes": 540 * MIB},
        {**part, "shape": [60, 512, 256], "bytes": 60 * MIB},
        {**part, "shape": [100, 9], "bytes": 50 * MIB},
    ]}  # fmt: skip
    held = [(kept.holding.owner, kept.bytes) for kept in data_held(builder.build())]
    assert held == [("images", size), ("x", 50 * MIB)]


def test_data_half_of_which_is_too_wide_names_the_dtype_as_well(training) -> None:
    size = 555 * MIB
    builder = training().grows((10, 420), (20, 1530)).dies_of_limit()
    builder.holds("images", size, dtypes={"float64": size})
    verdict = diagnose(builder.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("data_size", "dtype")
