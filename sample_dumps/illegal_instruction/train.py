"""Machine code for another processor: the first unknown instruction ends it."""

import kerascrash.arm  # noqa: F401
import ctypes
import mmap

import keras
import numpy as np

code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b"\x0f\x0b")  # ud2
kernel = ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))


class FastKernel(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 20:
            kernel()


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=[FastKernel()])
