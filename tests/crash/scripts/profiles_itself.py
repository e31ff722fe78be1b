"""A custom loop whose author profiles too, just while a window of ours is open."""

import kerascrash.arm  # noqa: F401
import glob
import os

import keras
import tensorflow as tf

HOME = os.environ["KERASCRASH_DIR"]
optimizer = keras.optimizers.SGD(0.01)
weights = keras.Variable(tf.ones((64, 64)))


def wait_for_a_window(steps=20_000):
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.ones((8, 64)) @ weights.value) ** 2)
        optimizer.apply(tape.gradient(loss, [weights.value]), [weights])
        if glob.glob(f"{HOME}/*/window.partial/*"):
            return
    raise SystemExit("no window was opened")


for name in ("first", "second"):
    wait_for_a_window()
    tf.profiler.experimental.start(name)
    for _ in range(300):  # as long as the author profiles, no other window opens
        optimizer.apply([tf.zeros((64, 64))], [weights])
    assert not glob.glob(f"{HOME}/*/window.partial/*")
    tf.profiler.experimental.stop()
wait_for_a_window()
print("TRUTH windows", len(glob.glob(f"{HOME}/*/plugins/profile/step_*")), flush=True)
raise ValueError("the labels do not match")
