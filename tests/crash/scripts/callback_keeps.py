"""A callback keeps what the model predicts after each batch, as NumPy arrays."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class Keeper(keras.callbacks.Callback):
    def __init__(self, probe):
        super().__init__()
        self.probe = probe
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append(np.asarray(self.model(self.probe)))


x = np.random.default_rng(0).random((4096, 32), dtype="float32")
model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(1000)])
model.compile(optimizer="sgd", loss="mse")
model.fit(x, np.zeros((4096, 1000), "float32"), batch_size=4, epochs=9,
          callbacks=[Keeper(x[:2000])], verbose=0)  # fmt: skip
