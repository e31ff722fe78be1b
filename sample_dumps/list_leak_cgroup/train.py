"""Keeps every batch in a list of the trainer."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf


class Trainer:
    def __init__(self):
        self.model = keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(1)])
        self.model.compile(optimizer="adam", loss="mse")
        self.history = []

    def step(self, number):
        batch = tf.random.normal((1000, 1000), seed=number)
        self.model.train_on_batch(batch[:, :32], np.ones((1000, 1), "float32"))
        self.history.append(batch)


trainer = Trainer()
for number in range(100_000):
    trainer.step(number)
