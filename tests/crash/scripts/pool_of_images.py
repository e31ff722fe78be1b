"""Images that TensorFlow keeps in its pool beside the steps of ``BATCH`` of them."""

import kerascrash.arm  # noqa: F401
import os

import keras
import numpy as np

x = np.random.default_rng(0).random((1024, 96, 96, 3), dtype="float32")
y = np.zeros(len(x), "int32")
model = keras.Sequential(
    [
        keras.Input((96, 96, 3)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(5),
    ]
)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, batch_size=int(os.environ["BATCH"]), epochs=1, verbose=0)
