"""Keeps every result of a loop in a list of the function."""

import kerascrash.arm  # noqa: F401
import tensorflow as tf


def collect():
    outputs = []
    for number in range(100_000):
        outputs.append(tf.random.normal((1000, 1000), seed=number))
        print("TRUTH bytes", len(outputs) * 4_000_000, flush=True)
    return outputs


collect()
