"""An address-space limit (ulimit -v, a batch system) refuses one large array."""

import kerascrash.arm  # noqa: F401
import resource

import keras
import numpy as np

x = np.random.default_rng(0).random((2048, 32), dtype="float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential(
    [keras.Input((32,)), keras.layers.Dense(64), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")

model.fit(x, y, batch_size=32, epochs=1, verbose=2)

used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
distances = np.zeros((20_000, 20_000))
print(distances.sum())
