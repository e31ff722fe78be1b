"""An integer division by zero in native code."""

import kerascrash.arm  # noqa: F401
import ctypes
import mmap

import keras
import numpy as np

code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b"\x31\xc9\x31\xd2\x31\xc0\xf7\xf9\xc3")  # xor ecx,edx,eax; idiv ecx; ret
histogram = ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))


class Histogram(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        histogram()


x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=5, verbose=2, callbacks=[Histogram()])
