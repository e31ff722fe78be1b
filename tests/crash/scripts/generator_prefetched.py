"""A generator of pictures of any size, and room for thousands of them ahead."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf


def pictures():
    generator = np.random.default_rng(0)
    while True:
        side = int(generator.integers(300, 500))
        yield generator.random((side, side, 3), dtype="float32"), 1.0


stream = tf.data.Dataset.from_generator(
    pictures,
    output_signature=(
        tf.TensorSpec((None, None, 3), tf.float32),
        tf.TensorSpec((), tf.float32),
    ),
)
stream = stream.prefetch(5_000)
stream = stream.map(lambda picture, label: (tf.image.resize(picture, (96, 96)), label))
model = keras.Sequential(
    [keras.Input((96, 96, 3)), keras.layers.Conv2D(32, 5), keras.layers.Conv2D(64, 5),
     keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
)  # fmt: skip
model.compile(optimizer="sgd", loss="mse")
model.fit(stream.batch(16), steps_per_epoch=200, epochs=5, verbose=0)
