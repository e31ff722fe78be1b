"""Sizes of what pandas, PIL, TensorFlow, JAX and torch hold, told by those."""

from __future__ import annotations

from typing import Any

import pytest

from kerascrash.record.kinds import Kinds
from kerascrash.record.sizing import Sizers
from kerascrash.record.tally import Tally
from kerascrash.record.walk import Walker


def measure(obj: Any) -> Tally:
    """Return what the object holds, with all the time there is."""
    kinds = Kinds(Sizers(), {"__main__"})
    kinds.begin()
    walker = Walker(kinds, 10**10, traced=False)
    walker.begin_visits()
    walker.begin_name()
    tally = Tally()
    walker.add(obj, tally, "it", 0, 1.0)
    return tally


def test_pandas_frames_columns_and_indexes() -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    frame = pandas.DataFrame(
        {
            "a": numpy.arange(100_000),
            "b": numpy.random.rand(100_000),
            "c": numpy.arange(100_000, dtype="int16"),
            "d": pandas.array([1, 2, None, 4] * 25_000, dtype="Int64"),
            "e": pandas.Series(["x", "y"] * 50_000).astype("category"),
        },
        index=pandas.date_range("2020-01-01", periods=100_000, freq="min"),
    )
    told = frame.memory_usage(deep=True).sum()
    assert measure(frame).bytes == pytest.approx(told, rel=0.01)
    assert measure(frame["b"].copy()).bytes == pytest.approx(1_600_000, rel=0.01)
    assert measure(frame.index).bytes == pytest.approx(800_000, rel=0.01)
    assert measure(pandas.RangeIndex(10**9)).bytes < 1000
    assert measure([frame.copy() for _ in range(3)]).bytes > 2.9 * told - 1_600_000


@pytest.mark.parametrize("dtype", ["object", "str"])
def test_strings_of_pandas_are_sampled(dtype: str) -> None:
    pandas = pytest.importorskip("pandas")
    texts = pandas.Series([f"text number {i}" for i in range(50_000)], dtype=dtype)
    found = measure(texts)
    assert found.estimated
    assert found.bytes == pytest.approx(texts.memory_usage(deep=True), rel=0.1)
    same = pandas.Series(["the same text for all"] * 50_000, dtype=dtype)
    assert measure(same).bytes < 500_000  # pointers: the text is there once


@pytest.mark.parametrize(
    ("mode", "width"),
    [("RGB", 4), ("RGBA", 4), ("LA", 4), ("L", 1), ("1", 1), ("I;16", 2), ("F", 4)],
)
def test_pil_images_as_they_are_stored(mode: str, width: int) -> None:
    image = pytest.importorskip("PIL.Image")
    assert measure(image.new(mode, (300, 200))).bytes == 300 * 200 * width


def test_an_image_that_is_not_loaded_holds_nothing(tmp_path: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (300, 200)).save(tmp_path / "x.png")
    with image.open(tmp_path / "x.png") as lazy:
        assert measure(lazy).bytes == 0
        lazy.load()
        assert measure(lazy).bytes == 300 * 200 * 4


def test_tensorflows_own_containers() -> None:
    tf = pytest.importorskip("tensorflow")
    array = tf.TensorArray(tf.float32, size=10)
    for at in range(10):
        array = array.write(at, tf.ones((10_000,)))
    assert measure(array).bytes == pytest.approx(400_000, rel=0.01)
    array.mark_used()
    ragged = tf.ragged.constant([[1.0] * 10_000, [2.0] * 5_000])
    assert measure(ragged).bytes == pytest.approx(15_000 * 4 + 24, rel=0.02)
    sparse = tf.sparse.from_dense(tf.eye(10_000))
    assert measure(sparse).bytes == pytest.approx(10_000 * (4 + 16), rel=0.02)
    keys = tf.range(50_000, dtype=tf.int64)
    pairs = tf.lookup.KeyValueTensorInitializer(keys, 2 * keys)
    table = tf.lookup.StaticHashTable(pairs, -1)
    assert measure(table).bytes >= 800_000  # what it was made of; its own is native


def test_jax_arrays() -> None:
    jnp = pytest.importorskip("jax.numpy")
    arrays = [jnp.ones((100, 100), dtype) for dtype in ("float32", "bfloat16", "int8")]
    found = measure(arrays)
    assert found.dtypes == {"float32": 40_000, "bfloat16": 20_000, "int8": 10_000}
    assert found.device() == "host"
    arrays[0].delete()
    assert measure(arrays).bytes == pytest.approx(30_000, rel=0.02)


def test_torch_tensors_share_storage_and_keep_graphs() -> None:
    torch = pytest.importorskip("torch")
    whole = torch.ones(1000, 100)
    assert measure([whole, whole[:10], whole.view(-1)]).bytes == pytest.approx(
        400_000, rel=0.01
    )
    assert measure(whole[:10].clone().half()).bytes == 2000
    from kerascrash.record.sizing_torch import size_torch

    weight = torch.ones(3, requires_grad=True)
    graphs = [size_torch(t) for t in (whole, weight, weight * 2, (weight * 2).detach())]
    assert [leaf.graph for leaf in graphs if leaf] == [False, False, True, False]
