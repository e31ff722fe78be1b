"""C++ code of the framework asks for more than the process may have."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((256, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :1], epochs=3, verbose=0)

words = tf.constant(["x" * 1_000_000] * 100)
for _ in range(12):
    words = tf.strings.join([words, words])
