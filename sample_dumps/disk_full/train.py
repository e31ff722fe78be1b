"""A checkpoint of every epoch, on a disk of 24 MiB."""

import kerascrash.arm  # noqa: F401
import os

import keras
import numpy as np

path = os.path.join(os.environ["SHARED_FOLDER"], "epoch-{epoch:03d}.keras")
x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [
        keras.Input((32,)),
        keras.layers.Dense(512),
        keras.layers.Dense(512),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mse")

save = keras.callbacks.ModelCheckpoint(path)
model.fit(x, y, batch_size=32, epochs=50, verbose=2, callbacks=[save])
