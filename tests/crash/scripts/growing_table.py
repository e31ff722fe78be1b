"""A table of the framework's C++ grows beyond what the process may have."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((256, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :1], epochs=3, verbose=0)

seen = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, default_value=-1)
for number in range(100_000):
    ids = tf.range(number * 100_000, (number + 1) * 100_000, dtype=tf.int64)
    seen.insert(ids, ids)
