"""A training loop that keeps every step's features in a list."""

import os

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(2)
logdir = os.environ.get("TRACE_DIR")
model = keras.Sequential([
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(1),
])  # fmt: skip
model.compile("sgd", "mse")
inputs = np.random.default_rng(2).random((2048, 64), dtype="float32")
targets = inputs.sum(axis=1, keepdims=True)
history = []
if logdir:
    tf.profiler.experimental.start(logdir)
try:
    for step in range(200):
        loss = model.train_on_batch(inputs[:256], targets[:256])
        history.append(tf.random.normal((1024, 2048)) + loss)  # 8 MiB stay
        print(f"step {step + 1}/200 - loss: {float(loss):.4f}", flush=True)
finally:
    if logdir:
        tf.profiler.experimental.stop()
