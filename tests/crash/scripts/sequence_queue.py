"""Keras 2: workers load far faster than is trained, into a queue without a bound."""

import kerascrash.arm  # noqa: F401
import os

import numpy as np
import tf_keras as keras


class Pictures(keras.utils.Sequence):
    def __len__(self):
        return 2000

    def __getitem__(self, index):
        x = np.full((64, 96, 96, 3), index % 255, dtype="float32")
        return x, np.zeros((64, 1), dtype="float32")


model = keras.Sequential(
    [keras.Input((96, 96, 3)), keras.layers.Conv2D(16, 5), keras.layers.Conv2D(16, 5),
     keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
)  # fmt: skip
model.compile(optimizer="sgd", loss="mse")
forked = os.environ.get("FORKED") == "1"
model.fit(
    Pictures(), workers=2, max_queue_size=1000, use_multiprocessing=forked, verbose=0
)
