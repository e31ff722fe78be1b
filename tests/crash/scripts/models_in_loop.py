"""Tries many models one after another and never clears the session."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

x = np.random.default_rng(0).random((64, 256), dtype="float32")
tried = {}


def build(units):
    network = keras.Sequential(
        [
            keras.Input((256,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    network.compile(optimizer="adam", loss="mse")
    return network


def search():
    for trial in range(10_000):
        network = build(1500 + trial)
        network.fit(x, x[:, :1], batch_size=64, epochs=1, verbose=0)
        tried[trial] = network
        print("TRUTH models", trial + 1, flush=True)


search()
