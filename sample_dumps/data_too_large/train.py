"""A whole data set of images as float64, loaded before the first step."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np

SHAPE = (64, 64, 3)


def load_images(count):
    images = np.empty((count, *SHAPE))
    generator = np.random.default_rng(0)
    for start in range(0, count, 500):
        images[start : start + 500] = generator.random((500, *SHAPE))
    return images


images = load_images(20_000)
labels = np.zeros((len(images),), dtype="int32")
model = keras.Sequential(
    [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(10)]
)
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
model.fit(images, labels, batch_size=32, epochs=1, verbose=2)
