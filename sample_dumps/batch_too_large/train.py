"""A batch that a small convolution cannot hold in this much memory."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

images = np.random.default_rng(0).random((512, 128, 128, 3), dtype="float32")
labels = np.zeros((512,), dtype="int32")

model = keras.Sequential(
    [
        keras.Input((128, 128, 3)),
        keras.layers.Conv2D(32, 3, activation="relu", padding="same"),
        keras.layers.Conv2D(32, 3, activation="relu", padding="same"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(10),
    ]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(images, labels, batch_size=512, epochs=3, verbose=2)
