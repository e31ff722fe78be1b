"""Shuffles decoded images with a buffer for far too many of them."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf


def image(number):
    pixels = tf.random.stateless_uniform((160, 160, 3), tf.stack([number, 1]))
    return pixels, tf.cast(number % 10, tf.float32)


pictures = tf.data.Dataset.range(1_000_000).map(image, num_parallel_calls=2)
pictures = pictures.shuffle(50_000)
pictures = pictures.batch(16).prefetch(2)

model = keras.Sequential(
    [
        keras.Input((160, 160, 3)),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="sgd", loss="mse")
model.fit(pictures, steps_per_epoch=100, epochs=2, verbose=0)
