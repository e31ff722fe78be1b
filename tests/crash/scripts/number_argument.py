"""A traced function gets the number of the step as a Python number."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np
import tensorflow as tf

table = np.random.default_rng(0).random((1000, 500), dtype="float32")
model = keras.Sequential([keras.Input((500,)), keras.layers.Dense(16)])
optimizer = keras.optimizers.SGD(0.01)


@tf.function
def train_step(batch, number):
    with tf.GradientTape() as tape:
        rate = 0.1 / (1 + number)
        output = model(batch + tf.gather(tf.constant(table), [0, 1, 2, 3]))
        loss = rate * tf.reduce_mean(output**2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return loss


def main():
    batch = tf.ones((4, 500))
    for number in range(100_000):
        train_step(batch, number)
        print("TRUTH steps", number + 1, flush=True)


main()
