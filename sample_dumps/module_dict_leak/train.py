"""A cache in a module-level dict that is never emptied."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf

cache = {"features": {}}
encoder = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1000)])


def features_of(number):
    batch = tf.random.normal((1000, 64), seed=number)
    cache["features"][number] = encoder(batch)
    return cache["features"][number]


for number in range(100_000):
    features_of(number)
