"""With KEEP=1 a callback keeps what the model predicts after each batch."""

import os
import time

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class Keeper(keras.callbacks.Callback):
    def __init__(self, probe):
        super().__init__()
        self.probe = probe
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        out = np.asarray(self.model(self.probe))
        if os.environ.get("KEEP") == "1":
            self.kept.append(out)
        time.sleep(0.03)  # a quick machine is through before it was read four times


batch = int(os.environ.get("BATCH", "16"))
x = np.random.default_rng(0).random((128 * batch, 32), dtype="float32")
model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(1000)])
model.compile(optimizer="sgd", loss="mse")
model.fit(x, np.zeros((128 * batch, 1000), "float32"), batch_size=batch, epochs=1,
          callbacks=[Keeper(x[:2000])], verbose=0)  # fmt: skip
