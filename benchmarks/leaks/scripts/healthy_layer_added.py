"""A larger model takes the place of the first one half-way."""

import kerascrash.arm  # noqa: F401
import keras
from training import STEPS, steps

head = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1000)])
for number in steps():
    if number == STEPS // 2:
        head = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(4000)])
