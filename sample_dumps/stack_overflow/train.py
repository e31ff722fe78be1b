"""Hard samples are chained to a stream batch by batch: iterators nest ever deeper."""

import kerascrash.arm  # noqa: F401
import itertools

import keras
import numpy as np


class RepeatHardSamples(keras.callbacks.Callback):
    def __init__(self, samples):
        super().__init__()
        self.samples = samples
        self.stream = iter(samples)

    def on_train_batch_end(self, batch, logs=None):
        for sample in self.samples[:256]:
            self.stream = itertools.chain(self.stream, [sample])

    def on_epoch_end(self, epoch, logs=None):
        self.hardest = next(self.stream)


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

repeat = RepeatHardSamples(list(x))
model.fit(x, y, batch_size=32, epochs=100, verbose=2, callbacks=[repeat])
