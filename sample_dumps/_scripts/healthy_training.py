"""Healthy training that goes on until somebody ends it."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=100_000, verbose=2)
