"""A whole-dataset batch through convolutions, from a tf.data pipeline."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

images = np.random.default_rng(0).integers(0, 255, (400, 160, 160, 3), dtype="uint8")
labels = np.zeros((400, 1), dtype="float32")
dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(400).repeat()

inputs = keras.Input((160, 160, 3))
x = keras.layers.Rescaling(1 / 255)(inputs)
for filters in (24, 24):
    x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
x = keras.layers.GlobalMaxPooling2D()(x)
net = keras.Model(inputs, keras.layers.Dense(1)(x))
net.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")


def run():
    net.fit(dataset, steps_per_epoch=20, epochs=2, verbose=0)


run()
