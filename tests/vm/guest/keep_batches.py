"""Remembers every augmented batch; nothing limits it but the machine's own memory."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf


class Trainer:
    def __init__(self):
        self.model = keras.Sequential(
            [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)]
        )
        self.model.compile(optimizer="sgd", loss="mse")
        self.seen = []

    def step(self, images, labels):
        turned = tf.image.flip_left_right(images)
        self.model.train_on_batch(turned, labels)
        self.seen.append(turned)


images = np.random.default_rng(0).random((512, 128, 128, 3), dtype="float32")
labels = np.zeros((len(images), 4), "float32")
trainer = Trainer()
for number in range(100_000):
    trainer.step(images, labels)
    print("step", number, flush=True)
