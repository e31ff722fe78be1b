"""Each batch starts a thread that never ends; the job may have 300 tasks."""

import kerascrash.arm  # noqa: F401
import threading

import keras
import numpy as np


class UploadMetrics(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.closing = threading.Event()

    def on_train_batch_end(self, batch, logs=None):
        threading.Thread(target=self.closing.wait, daemon=True).start()


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=50, verbose=2, callbacks=[UploadMetrics()])
