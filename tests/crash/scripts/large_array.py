"""Loads a whole image set as float64 before it trains."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


def load(count):
    generator = np.random.default_rng(0)
    return generator.random((count, 96, 96, 3))


train_images = load(3_000)
print("READY", flush=True)
more_images = load(3_000)
everything = np.concatenate([train_images, more_images])
model = keras.Sequential([keras.Input((96, 96, 3)), keras.layers.Flatten(),
                          keras.layers.Dense(1)])  # fmt: skip
model.compile(optimizer="sgd", loss="mse")
model.fit(everything, np.zeros((6_000, 1)), verbose=0)
