"""Dense layers that do not even fit while the model is being built."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


def build_model(width):
    model = keras.Sequential(name="giant")
    model.add(keras.Input((512,)))
    model.add(keras.layers.Dense(width, activation="relu", name="wide_1"))
    model.add(keras.layers.Dense(width, activation="relu", name="wide_2"))
    model.add(keras.layers.Dense(10, name="head"))
    return model


network = build_model(20_000)
network.compile(optimizer="adam", loss="mse")
network.fit(np.ones((8, 512)), np.ones((8, 10)), verbose=0)
