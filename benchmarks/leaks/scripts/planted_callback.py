"""A callback that only fit holds, and that keeps something of each batch."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
from training import STEPS, model, pause, value


class Observer(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append(value(batch))  # LEAK
        pause(last=True)


model.compile(optimizer="adam", loss="mse")
x = np.ones((STEPS * 4, 32), dtype="float32")
model.fit(x, x[:, :8], batch_size=4, verbose=0, callbacks=[Observer()])
