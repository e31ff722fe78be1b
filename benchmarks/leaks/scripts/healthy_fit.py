"""Trains with fit, with validation and the usual callbacks."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
from training import STEPS, model, pause

model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x = np.ones((STEPS, 32), dtype="float32")
pace = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda *_, **__: pause(last=True)
)
stop = keras.callbacks.ReduceLROnPlateau(monitor="loss")
model.fit(
    x, x[:, :8], batch_size=4, epochs=4, verbose=0, callbacks=[pace, stop],
    validation_split=0.1,
)  # fmt: skip
