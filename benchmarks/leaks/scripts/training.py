"""What all scripts of the campaign share: a training step, and what is kept of it."""

import os
import signal
import time

import keras
import tensorflow as tf

BYTES = int(os.environ.get("LEAK_BYTES", "4000000"))
STEPS = int(os.environ.get("STEPS", "200"))
STEP_S = float(os.environ.get("STEP_S", "0.04"))
OF_OBJECTS = os.environ.get("LEAK_KIND") == "objects"
_RECORD_BYTES = 340  # a dict of three numbers and a word, as sys.getsizeof adds up

time.sleep(3)  # as long as importing TensorFlow would take here, were it not done yet
model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(8)])
optimizer = keras.optimizers.Adam()
_x = tf.ones((16, 32))
_paused = [0, 0.0]


def value(number):
    """Return new memory of BYTES: a tensor, or a list of small records."""
    if not OF_OBJECTS:
        return tf.fill((max(1, BYTES // 4),), float(number))
    return [
        {"step": number * 1000, "index": index + 1000, "score": number + index / 7}
        for index in range(max(1, BYTES // _RECORD_BYTES))
    ]


def gradients():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(_x, training=True) ** 2)
    return tape.gradient(loss, model.trainable_variables)


def apply(found):
    optimizer.apply_gradients(zip(found, model.trainable_variables, strict=True))


def steps():
    """Train a step, and take STEP_S for it, before each number."""
    for number in range(STEPS):
        began = time.monotonic()
        apply(gradients())
        yield number
        time.sleep(max(0.0, STEP_S - (time.monotonic() - began)))
    _end()


def pause(last=False):
    """Fill up the step of a loop that is not ours; the ``last`` ones are counted."""
    time.sleep(max(0.0, STEP_S - (time.monotonic() - _paused[1])))
    _paused[:] = [_paused[0] + last, time.monotonic()]
    if _paused[0] >= STEPS:
        _end()


def _end():
    """Die in the middle of it all, where that is wanted."""
    if os.environ.get("END") == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
