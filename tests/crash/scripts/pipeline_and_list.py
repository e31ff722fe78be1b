"""A normal pipeline; what grows is a list of the outputs that a callback keeps."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf


def image(number):
    pixels = tf.random.stateless_uniform((64, 64, 3), tf.stack([number, 1]))
    return pixels, tf.cast(number % 10, tf.float32)


class Recorder(keras.callbacks.Callback):
    def __init__(self, probe):
        super().__init__()
        self.probe = probe
        self.outputs = []

    def on_train_batch_end(self, batch, logs=None):
        self.outputs.append(self.model.layers[0](self.probe))
        print("TRUTH bytes", len(self.outputs) * 3_936_256, flush=True)


examples = tf.data.Dataset.range(20_000).map(image)
examples = examples.shuffle(256).batch(8).prefetch(tf.data.AUTOTUNE)
model = keras.Sequential(
    [
        keras.Input((64, 64, 3)),
        keras.layers.Conv2D(4, 3),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="sgd", loss="mse")
watcher = Recorder(tf.ones((64, 64, 64, 3)))
model.fit(examples, epochs=5, verbose=0, callbacks=[watcher])
