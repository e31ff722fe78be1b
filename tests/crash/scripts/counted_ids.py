"""Distinct ids are counted in a pipeline: the table for it is beyond the limit."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((256, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :1], epochs=3, verbose=0)


def count_distinct(day):
    ids = tf.range(60_000_000, dtype=tf.int64) + day
    return tf.size(tf.unique(ids).y)


days = tf.data.Dataset.range(3).map(count_distinct, num_parallel_calls=2)
print(sum(int(count) for count in days))
