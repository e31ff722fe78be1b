"""All pairs of samples at once: a tensor that the process's limit does not allow."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((50_000, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :8], batch_size=1024, epochs=2, verbose=0)

features = model(x)
similar = tf.matmul(features, features, transpose_b=True)
print(similar.shape)
