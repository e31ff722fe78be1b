"""Real tensors, variables, models and datasets in one real process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import json, os, sys, gc, weakref
import numpy as np
import tensorflow as tf
import keras
sys.path.insert(0, sys.argv[1])
from kerascrash.record.inventory import Inventory

inventory = Inventory()
blobs = {}

def look(name, step=0, reason="exception"):
    for _ in range(5):
        blobs[name] = inventory.scan(reason, step, 300_000)
    assert "error" not in blobs[name], blobs[name]

history = []
for i in range(300):
    history.append(tf.random.uniform((100, 1000)))
ragged = tf.RaggedTensor.from_row_splits(tf.zeros((1_000_000,)), [0, 5, 1_000_000])
sparse = tf.SparseTensor(np.arange(200_000)[:, None], np.ones(200_000, "f4"), [200_000])
variable = tf.Variable(np.zeros((1000, 700), "f4"))
tensor = tf.zeros((1000, 1000))
same = tf.reshape(tensor, (-1,))
half = tf.cast(tensor, tf.bfloat16)
model = keras.Sequential([keras.layers.Input((500,)), keras.layers.Dense(1000)])
model.compile("adam", "mse")
model.optimizer.build(model.trainable_variables)
module = tf.Module()
module.kept = [np.zeros(300_000)]
dataset = tf.data.Dataset.from_tensor_slices(np.ones((400_000, 4), "f4")).batch(32)
table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, [0.0] * 16)
table.insert(tf.range(50_000, dtype=tf.int64), tf.zeros((50_000, 16)))
words = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
words.insert(tf.strings.as_string(tf.range(30_000)), tf.range(30_000, dtype=tf.int64))

class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1000)
        self.log = []

mine = Mine()
for i in range(5):
    mine.log.append(np.zeros(200_000))

@tf.function
def graph(x):
    return x + 1

class Keeper(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.activations = []

    def on_train_batch_end(self, batch, logs=None):
        self.activations.append(tf.zeros((100, 1000)))
        look("fit", batch, "step")

look("start")
graph(tensor)
def train():
    images = np.random.rand(640, 500).astype("f4")
    model.fit(images, np.zeros((640, 1000)), batch_size=32, verbose=0,
              callbacks=[Keeper()])

train()

def record():
    with tf.GradientTape() as open_tape:
        for step in range(60, 90):
            with tf.GradientTape() as closed_tape:
                _ = variable * 2.0
            if step % 6 == 0:
                blobs["tapes"] = inventory.scan("step", step, 300_000)

record()

@tf.function
def traced():
    look("traced")
    return table.size()

operations = traced.get_concrete_function().graph.get_operations()
blobs["operations"] = [operation.type for operation in operations]

def drop():
    big = tf.zeros((1000, 1000))
    alive = weakref.ref(big)
    look("drop")
    del big
    return alive() is None

gc.collect()
gc.disable()
blobs["dropped"] = drop()
print(json.dumps(blobs))
"""


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the script once."""
    pytest.importorskip("keras")
    file = tmp_path_factory.mktemp("tf") / "train.py"
    file.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(file), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def entries(blobs: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a blob by owner."""
    return {entry["owner"]: entry for entry in blobs[name]["entries"]}


EXACT = {
    "history": 300 * 400_000,
    "ragged": 4_000_000,
    "sparse": 200_000 * 12,
    "variable": 2_800_000,
    "tensor": 4_000_000,
    "half": 2_000_000,
    "model": 501_000 * 4 * 3,
    "module": 2_400_000,
    "dataset": 6_400_000,
    "Mine.log": 8_000_000,
    "table": 50_000 * (8 + 64 + 48),
    "words": 30_000 * (32 + 8 + 48),
}


@pytest.mark.parametrize("owner", EXACT)
def test_bytes_of_what_tensorflow_holds(blobs: dict[str, Any], owner: str) -> None:
    entry = entries(blobs, "start")[owner]
    assert entry["bytes"] == pytest.approx(EXACT[owner], rel=0.02)
    assert entry["place"] is not None


def test_a_table_is_not_asked_while_a_graph_is_traced(blobs: dict[str, Any]) -> None:
    assert blobs["operations"].count("LookupTableSizeV2") == 1  # the user's own
    assert entries(blobs, "traced")["table"]["bytes"] == EXACT["table"]


def test_a_tape_that_stays_open_is_told_from_one_of_each_step(
    blobs: dict[str, Any],
) -> None:
    found = entries(blobs, "tapes")
    assert found["open_tape"]["type"] == "GradientTape"
    assert found["open_tape"]["count"] == 24  # steps since it was seen first
    assert found["open_tape"]["place"]["function"] == "record"
    assert "closed_tape" not in found


def test_an_alias_of_a_tensor_counts_once(blobs: dict[str, Any]) -> None:
    assert "same" not in entries(blobs, "start")


def test_a_list_of_tensors_has_kind_element_and_line(blobs: dict[str, Any]) -> None:
    entry = entries(blobs, "start")["history"]
    assert entry["kind"] == "list of 300 EagerTensor"
    assert entry["element"]["shape"] == [100, 1000]
    assert list(entry["dtypes"]) == ["float32"]
    line = entry["place"]["line"]
    assert SCRIPT.splitlines()[line - 1].strip().startswith("history.append")


def test_a_callback_that_only_keras_holds(blobs: dict[str, Any]) -> None:
    entry = entries(blobs, "fit")["Keeper.activations"]
    assert entry["count"] == 20
    assert entry["growth_bytes_per_step"] == pytest.approx(400_000, rel=0.05)
    assert entry["place"]["function"] == "on_train_batch_end"


def test_data_of_the_user_during_fit(blobs: dict[str, Any]) -> None:
    assert entries(blobs, "fit")["images"]["bytes"] == 640 * 500 * 4


def test_a_tensor_is_freed_when_its_name_is(blobs: dict[str, Any]) -> None:
    assert "big" in entries(blobs, "drop")
    assert blobs["dropped"] is True
