"""Memory of the C library freed twice."""

import kerascrash.arm  # noqa: F401
import ctypes

import keras
import numpy as np

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]


class Augment(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 30:
            blocks = [libc.malloc(4096) for _ in range(3)]
            libc.free(blocks[1])
            libc.free(blocks[1])


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=[Augment()])
