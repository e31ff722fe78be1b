"""A list that is local to a function grows until the limit."""

import kerascrash.arm  # noqa: F401
import tensorflow as tf


def train():
    activations = []
    weights = tf.Variable(tf.random.normal((1000, 1000)))
    for _ in range(100_000):
        output = tf.matmul(weights, weights) / 1000.0
        weights.assign_sub(0.001 * output)
        activations.append(output)
    return activations


train()
