"""Trains, then walks a deeply nested tree through C code in a thread of its own."""

import kerascrash.arm  # noqa: F401
import sys
import threading

import keras
import numpy as np


def depth(node):
    return 1 + max(map(depth, node), default=0)


x = np.random.default_rng(0).random((256, 16), dtype="float32")
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, x[:, :1], epochs=3, verbose=0)

tree = []
for _ in range(100_000):
    tree = [tree]
sys.setrecursionlimit(1_000_000)
threading.stack_size(1 << 20)
walk = threading.Thread(target=depth, args=(tree,))
walk.start()
walk.join()
