"""One line pairs everything with everything."""

import kerascrash.arm  # noqa: F401
import keras  # noqa: F401
import tensorflow as tf


def distances(a, b):
    return tf.reduce_sum(tf.square(a[:, None, :] - b[None, :, :]), axis=-1)


embeddings = tf.random.normal((3000, 64))
nearest = distances(embeddings[:10], embeddings)
everything = distances(embeddings, embeddings)
