"""A loop of one's own that takes all samples as one batch."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

samples = np.random.default_rng(0).random((600, 128, 128, 3), dtype="float32")
net = keras.Sequential(
    [
        keras.Input((128, 128, 3)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1),
    ]
)
optimizer = keras.optimizers.Adam()


def train():
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(samples, training=True) ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))


train()
