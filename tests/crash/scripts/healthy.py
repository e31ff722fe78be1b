"""Trains a small model and does nothing wrong; what KILL_BY names ends it."""

import ctypes
import os
import sys

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class Ending(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            print("READY", flush=True)
        if epoch == 4:
            how = os.environ.get("KILL_BY", "")
            if how == "null":
                ctypes.memset(0, 1, 16)
            elif how == "os_exit":
                os._exit(7)
            elif how == "sys_exit":
                sys.exit(5)
            elif how == "value_error":
                raise ValueError("labels and images do not match")
            elif how == "abort":
                os.abort()


epochs = int(os.environ.get("EPOCHS", "100000"))
x = np.random.default_rng(0).random((256, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8),
                          keras.layers.Dense(1)])  # fmt: skip
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :1], batch_size=32, epochs=epochs, verbose=0, callbacks=[Ending()])
