"""Each batch leaves a file open; the process may have 256 of them."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class LogBatches(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(open("batches.log", "a"))
        self.logs[-1].write(f"{logs}\n")


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=50, verbose=2, callbacks=[LogBatches()])
