"""Workers load batches far faster than they are used, into a queue without a bound."""

import kerascrash.arm  # noqa: F401
import keras
import numpy as np


class Pictures(keras.utils.PyDataset):
    def __len__(self):
        return 2000

    def __getitem__(self, index):
        x = np.full((64, 96, 96, 3), index % 255, dtype="float32")
        return x, np.zeros((64, 1), dtype="float32")


model = keras.Sequential(
    [keras.Input((96, 96, 3)), keras.layers.Conv2D(16, 5), keras.layers.Conv2D(16, 5),
     keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
)  # fmt: skip
model.compile(optimizer="sgd", loss="mse")
loader = Pictures(workers=2, max_queue_size=1000)
model.fit(loader, epochs=2, verbose=0)
