"""Keeps each step's activations on the object that trains."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf


class Experiment:
    def __init__(self):
        self.model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(2000)])
        self.optimizer = keras.optimizers.SGD(0.01)
        self.activations = []

    def train(self, steps):
        x = np.ones((2000, 64), "float32")
        for _ in range(steps):
            with tf.GradientTape() as tape:
                output = self.model(x, training=True)
                loss = tf.reduce_mean(output**2)
            weights = self.model.trainable_variables
            gradients = tape.gradient(loss, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
            self.activations.append(output)
            print("TRUTH bytes", len(self.activations) * 16_000_000, flush=True)


Experiment().train(100_000)
