"""All pairs of 12,000 vectors at once: one operation asks for more than there is."""

import os

import tensorflow as tf

logdir = os.environ.get("TRACE_DIR")
if logdir:
    tf.profiler.experimental.start(logdir)
try:
    points = tf.random.normal((12_000, 32))
    squares = tf.reduce_sum(points**2, axis=1)
    distances = (
        squares[:, None]
        + squares[None, :]
        - 2 * tf.matmul(points, points, transpose_b=True)
    )
    print(float(tf.reduce_min(distances)))
finally:
    if logdir:
        tf.profiler.experimental.stop()
