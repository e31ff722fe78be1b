"""Dense layers whose weights, gradients and Adam slots cannot fit."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

x = np.random.default_rng(0).random((64, 256), dtype="float32")
y = np.zeros((64, 1), dtype="float32")

model = keras.Sequential(
    [
        keras.Input((256,)),
        keras.layers.Dense(8192, activation="relu", name="expand"),
        keras.layers.Dense(8192, activation="relu", name="mix"),
        keras.layers.Dense(1, name="score"),
    ]
)
model.compile(optimizer="adam", loss="mse")
model.fit(x, y, batch_size=8, epochs=3, verbose=2)
