"""A callback that keeps a tensor of Keras' backend (KERAS_BACKEND) at every step."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class Keeper(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append(keras.ops.full((1024, 1024), float(batch)))
        print("TRUTH bytes", len(self.kept) << 22, flush=True)


x = np.random.rand(4096, 32).astype("float32")
model = keras.Sequential([keras.layers.Dense(16), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, x[:, :1], batch_size=8, epochs=50, verbose=0, callbacks=[Keeper()])
