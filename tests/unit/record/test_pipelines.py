"""Input pipelines of a real TensorFlow, described without iterating them."""

from __future__ import annotations

import gc
import weakref

import pytest

from kerascrash.record.pipeline_ops import describe_op, inputs_of, op_name

tf = pytest.importorskip("tensorflow")


def described(dataset):
    chain = [dataset]
    while inputs_of(chain[-1]):
        chain += inputs_of(chain[-1])[:1]
    ops = []
    for each in reversed(chain):
        ops.append(describe_op(each, ops[-1] if ops else None))
    return {op["op"]: op for op in ops}


def test_sizes_follow_from_the_specification() -> None:
    data = tf.data.Dataset.from_tensor_slices(tf.zeros((100, 10, 10), tf.uint8))
    data = data.map(lambda x: tf.cast(x, tf.float32)).cache()
    data = data.shuffle(30).batch(8, drop_remainder=True).prefetch(4)
    ops = described(data)
    assert ops["from_tensor_slices"]["bytes"] == 100 * 100
    assert (ops["cache"]["count"], ops["cache"]["bytes"]) == (100, 100 * 400)
    assert (ops["shuffle"]["buffer"], ops["shuffle"]["bytes"]) == (30, 30 * 400)
    assert ops["prefetch"]["bytes"] == 4 * 8 * 400


def test_a_buffer_larger_than_the_data_holds_the_data() -> None:
    data = tf.data.Dataset.range(50).shuffle(1_000_000)
    assert described(data)["shuffle"]["bytes"] == 50 * 8


def test_what_is_not_known_is_null() -> None:
    signature = tf.TensorSpec((None, 3), tf.float32)
    data = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=signature)
    ops = described(data.cache().shuffle(9).prefetch(tf.data.AUTOTUNE))
    assert ops["cache"]["bytes"] is None
    assert ops["shuffle"]["bytes"] is None
    assert ops["prefetch"]["bytes"] is None


def test_a_cache_in_a_file_holds_nothing(tmp_path) -> None:
    data = tf.data.Dataset.range(1 << 20).cache(str(tmp_path / "cache"))
    assert described(data)["cache"]["bytes"] == 0


def test_nothing_keeps_a_data_set() -> None:
    data = tf.data.Dataset.range(9).shuffle(4)
    described(data)
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("_ShuffleDataset", "shuffle"),
        ("_ParallelMapDataset", "map"),
        ("_TensorSliceDataset", "from_tensor_slices"),
        ("CacheDataset", "cache"),
        ("_PaddedBatchDataset", "padded_batch"),
        ("_OptionsDataset", ""),
    ],
)
def test_ops_have_the_names_that_are_written(name, op) -> None:
    assert op_name(name) == op
