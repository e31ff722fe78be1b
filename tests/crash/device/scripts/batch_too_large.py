"""A convolutional model whose batch needs more memory than the device has."""

import os

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)
model = keras.Sequential([
    keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
    keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
    keras.layers.MaxPooling2D(2),
    keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(10, activation="softmax"),
])  # fmt: skip
model.compile("adam", "sparse_categorical_crossentropy")
images = np.random.default_rng(1).random((1536, 64, 64, 3), dtype="float32")
labels = np.zeros(1536, dtype="int32")
logdir = os.environ.get("TRACE_DIR")
if logdir:
    tf.profiler.experimental.start(logdir)
try:
    model.fit(images, labels, batch_size=768, epochs=1, verbose=2)
finally:
    if logdir:
        tf.profiler.experimental.stop()
