"""A sparse file on a full shared-memory file system, mapped and written to."""

import kerascrash.arm  # noqa: F401
import mmap
import os

import keras
import numpy as np

SHARED = os.environ["SHARED_FOLDER"]


class SharedBatches(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        with open(os.path.join(SHARED, "batches"), "wb+") as file:
            file.truncate(64 << 20)
            self.memory = mmap.mmap(file.fileno(), 64 << 20)

    def on_train_batch_end(self, batch, logs=None):
        start = batch << 20
        self.memory[start : start + (1 << 20)] = bytes(1 << 20)


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=[SharedBatches()])
