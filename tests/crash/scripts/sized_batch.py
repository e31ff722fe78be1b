"""A training whose network and batch size are given: SHAPE and BATCH."""

import os

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf
from keras import layers

batch, shape = int(os.environ["BATCH"]), os.environ["SHAPE"]
if shape == "dense":
    given = keras.Input((64,))
    x = given
    for _ in range(4):
        x = layers.Dense(32)(layers.Dense(512, activation="relu")(x))
else:
    given = keras.Input((48, 48, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(given)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
net = keras.Model(given, layers.Dense(1)(x))
net.compile(optimizer="adam", loss="mse")

# The data set is as small as can be: what differs between two runs is the batch.
rows = np.random.default_rng(0).random((64, *given.shape[1:]), dtype="float32")
data = tf.data.Dataset.from_tensor_slices((rows, rows.reshape(64, -1)[:, :1]))
net.fit(data.repeat().batch(batch), steps_per_epoch=2, epochs=2, verbose=0)
