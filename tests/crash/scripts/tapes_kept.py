"""Persistent tapes are kept for later, and all that they have watched with them."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf

net = keras.Sequential([keras.Input((256,)), keras.layers.Dense(2000)])
optimizer = keras.optimizers.SGD(0.01)


class Loop:
    def __init__(self):
        self.recorded = []

    def run(self):
        batch = tf.ones((500, 256))
        while True:
            with tf.GradientTape(persistent=True) as watch:
                loss = tf.reduce_mean(keras.ops.relu(net(batch)) ** 2)
            slopes = watch.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(slopes, net.trainable_variables, strict=True))
            self.recorded.append(watch)
            print("TRUTH steps", len(self.recorded), flush=True)


Loop().run()
