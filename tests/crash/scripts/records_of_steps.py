"""Keeps a record of plain numbers and words of each step, many to a step."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

SAMPLES = 4096


class Log(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        loss = float((logs or {}).get("loss", 0.0))
        for sample in range(SAMPLES):
            row = {"sample": sample * 1000, "loss": loss + sample, "batch": batch}
            self.rows.append(row)
        print("TRUTH rows", len(self.rows), flush=True)


model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x = np.ones((SAMPLES, 32), dtype="float32")
model.fit(x, x[:, :1], batch_size=4, epochs=100, verbose=0, callbacks=[Log()])
