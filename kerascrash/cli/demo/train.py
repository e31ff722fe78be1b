"""A training script with a classic mistake: it keeps every batch it ever made."""

import keras
import numpy as np
import tensorflow as tf

import kerascrash.arm  # noqa: F401  (the only line kerascrash needs)


class Trainer:
    """Train a small model and remember too much."""

    def __init__(self) -> None:
        self.model = keras.Sequential(
            [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)]
        )
        self.model.compile(optimizer="adam", loss="mse")
        self.history: list[tf.Tensor] = []

    def step(self, number: int) -> None:
        batch = tf.random.normal((1000, 1000), seed=number)
        self.model.train_on_batch(batch[:, :32], np.ones((1000, 1), "float32"))
        self.history.append(batch)  # 4 MB a step, and nobody ever reads it


trainer = Trainer()
for number in range(100_000):
    trainer.step(number)
    if number % 50 == 0:
        print(f"step {number:4d}", flush=True)
