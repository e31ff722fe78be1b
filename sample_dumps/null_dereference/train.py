"""A native library reads through a null pointer in the middle of an epoch."""

import kerascrash.arm  # noqa: F401
import ctypes

import keras
import numpy as np


class NativeMetric(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 40:
            ctypes.string_at(0)


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=[NativeMetric()])
