"""Gradients are collected to be averaged, and never thrown away."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf

net = keras.Sequential(
    [keras.Input((500,)), keras.layers.Dense(1000), keras.layers.Dense(8)]
)
optimizer = keras.optimizers.SGD(0.01)
EVERY = 4


def train():
    collected = []
    batch = tf.ones((16, 500))
    for step in range(100_000):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(batch) ** 2)
        found = tape.gradient(loss, net.trainable_variables)
        collected.append(found)
        if step % EVERY == EVERY - 1:
            mean = [sum(each) / EVERY for each in zip(*collected[-EVERY:], strict=True)]
            optimizer.apply_gradients(zip(mean, net.trainable_variables, strict=True))
        print("TRUTH steps", step + 1, flush=True)


train()
