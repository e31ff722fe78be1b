"""An input pipeline with a cache that is full after an epoch, and prefetch."""

import kerascrash.arm  # noqa: F401
import tensorflow as tf
from training import STEPS, steps

data = tf.data.Dataset.range(max(1, STEPS // 4)).map(lambda n: tf.fill((500_000,), n))
batches = iter(data.cache().repeat().prefetch(4))
for _ in steps():
    batch = next(batches)
