"""Caches every batch by its number in a dict of the module."""

import kerascrash.arm  # noqa: F401
import tensorflow as tf

CACHE = {}


def features(number):
    if number not in CACHE:
        CACHE[number] = tf.sqrt(tf.random.uniform((1000, 1000), seed=number))
    return CACHE[number]


for index in range(100_000):
    features(index)
    print("TRUTH bytes", len(CACHE) * 4_000_000, flush=True)
