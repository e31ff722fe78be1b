"""Two threads take two locks in opposite order: both wait for ever."""

import kerascrash.arm  # noqa: F401
import threading
import time

import keras
import numpy as np

weights_lock, log_lock = threading.Lock(), threading.Lock()


class Publish(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        threading.Thread(target=self.write_log, daemon=True).start()

    def write_log(self):
        while True:
            with log_lock:
                time.sleep(0.2)
                with weights_lock:
                    pass
            time.sleep(0.5)

    def on_epoch_end(self, epoch, logs=None):
        with weights_lock:
            time.sleep(0.1)
            with log_lock:
                pass


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=100_000, verbose=2, callbacks=[Publish()])
