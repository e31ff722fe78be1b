"""Fills 97 % of a pool of 100 MiB at once, trains on in what is left, and is killed."""

import kerascrash.arm  # noqa: F401
import os
import signal

import keras
import numpy as np
import tensorflow as tf


class Ending(keras.callbacks.Callback):
    step = 0

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.step == 250:
            os.kill(os.getpid(), signal.SIGKILL)


table = [tf.zeros((1 << 18,)) for _ in range(94)]
x = np.random.default_rng(0).random((4096, 64), dtype="float32")
model = keras.Sequential([keras.layers.Dense(64, "relu") for _ in range(3)])
model.compile("adam", "mse")
model.fit(x, x, batch_size=16, epochs=20, verbose=0, callbacks=[Ending()])
